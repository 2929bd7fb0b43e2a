import type { ServiceStatus } from '../console/index.ts';
import { ROLES, type Config } from './config.ts';

/** What a person sees when everything runs: where it is, how to use it, how to stop it. */
export function panel(config: Config, { version, endpoints }: ServiceStatus): string {
  const { paths, roles, kafkaBrokers, clickHouse } = config;
  const api = endpoints['api'];
  const lines = [
    '',
    `Keyledger ${version} is ready${roles.length < ROLES.length ? ` (roles: ${roles.join(', ')})` : ''}.`,
    '',
    ...(api === undefined ? [] : [`  KMS API      ${api}`]),
    `  Console      ${endpoints['console'] ?? ''}    health: /healthz   metrics: /metrics`,
    ...(endpoints['clickhouse'] === undefined
      ? []
      : [
          `  ClickHouse   ${endpoints['clickhouse']}    database keyledger${clickHouse === undefined ? `, read-only user sre, password in ${paths.clickHouse}/users.json` : ''}`,
        ]),
    `  Events       ${kafkaBrokers === undefined ? 'embedded log' : `Kafka at ${kafkaBrokers.join(', ')}`}`,
    `  Data         ${paths.root}`,
    ...(api === undefined
      ? []
      : [`  Credentials  ${paths.credentials}    profile keyledger, the root principal of account ${config.account}`]),
    '',
    ...(api === undefined
      ? []
      : [
          'Try it with the AWS CLI:',
          '',
          `  AWS_SHARED_CREDENTIALS_FILE=${paths.credentials} aws --profile keyledger --region us-east-1 --endpoint-url ${api} kms create-key`,
          '',
          'Or watch a small company being robbed: npm run -s keyledger -- demo',
          '',
          `Warning: the root key lies unsealed in ${paths.root}/root-key (mode 0600). Whoever reads that file can use every key here.`,
        ]),
    'Stop with Ctrl-C.',
    '',
  ];
  return lines.join('\n');
}
