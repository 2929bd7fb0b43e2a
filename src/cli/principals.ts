import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { EXIT } from '../app/exit-codes.ts';
import { messageOf, OperationalError } from '../base/index.ts';
import { parseWords, type Command, type Context } from './command.ts';
import { withOperator } from './data-directory.ts';
import type { Operator } from './doors.ts';
import { apiOrigin } from './service-status.ts';
import { table } from './terminal.ts';

export const principals: Command = {
  name: 'principals',
  summary: 'Who may call: add, list and remove users and roles',
  help: `Usage: keyledger principals add ARN [--policy FILE]... [--json]
       keyledger principals list [--json]
       keyledger principals remove ARN [--json]

Users and roles with their access keys, on the data directory of this machine (KEYLEDGER_DATA), whether the service runs
or not. Each addition and removal is an event like any other.

  add ARN         prints a new access key, once, as lines for an AWS shared-credentials file.
                  For an ARN that is there already: one more access key
  --policy FILE   an IAM policy in JSON, attached under the file's name; may be given several times.
                  On an ARN that is there already these replace the policies it had
  remove ARN      removes the principal and all its access keys, at once

Examples:
  keyledger principals add arn:aws:iam::000000000000:role/payments --policy payments.json >> ~/.aws/credentials
  keyledger principals list`,
  async run(words, context) {
    const { values, positionals } = parseWords(words, { policy: { type: 'string', multiple: true } }, true);
    const [action, arn, ...more] = positionals;
    if (action === undefined) return context.misuse('principals: add, list or remove?');
    if (more.length > 0) return context.misuse(`principals ${action}: "${more.join(' ')}" is too much`);
    if (values.policy !== undefined && action !== 'add') return context.misuse('--policy belongs to principals add');
    switch (action) {
      case 'list':
        return arn === undefined
          ? withOperator(context, context.settings(), (operator) => list(operator, context))
          : context.misuse('principals list takes no ARN');
      case 'add': {
        if (arn === undefined) return context.misuse('principals add: which ARN?');
        const policies = (values.policy ?? []).map(readPolicy);
        const twice = policies.find(({ name }, at) => policies.findIndex((other) => other.name === name) !== at);
        if (twice !== undefined) return context.misuse(`--policy: two files would both be named ${twice.name}`);
        return withOperator(context, context.settings(), (operator) => add(context, operator, arn, policies));
      }
      case 'remove':
        if (arn === undefined) return context.misuse('principals remove: which ARN?');
        return withOperator(context, context.settings(), (operator) => remove(context, operator, arn));
      default:
        return context.misuse(`principals: "${action}" is not add, list or remove`);
    }
  },
};

interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

function readPolicy(file: string): PolicyFile {
  try {
    return { name: basename(file, extname(file)), text: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new OperationalError('NOT_FOUND', `The policy file ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function add(
  context: Context,
  operator: Operator,
  arn: string,
  policies: readonly PolicyFile[],
): Promise<number> {
  const { terminal } = context;
  const added = await operator.addPrincipal(arn, policies);
  if ('code' in added) return context.refused(added);
  if (terminal.json) {
    terminal.document(added);
    return EXIT.ok;
  }
  const profile = arn.slice(arn.lastIndexOf('/') + 1);
  terminal.out(`[${profile}]`);
  terminal.out(`aws_access_key_id = ${added.accessKeyId}`);
  terminal.out(`aws_secret_access_key = ${added.secretAccessKey}`);
  terminal.talk(`Added ${arn}. The secret is shown this once: append these lines to ~/.aws/credentials, then`);
  terminal.talk(
    `  aws --profile ${profile} --region us-east-1 --endpoint-url ${apiOrigin(context.settings())} kms list-keys`,
  );
  return EXIT.ok;
}

async function remove({ terminal, refused }: Context, operator: Operator, arn: string): Promise<number> {
  const refusal = await operator.removePrincipal(arn);
  if (refusal !== undefined) return refused(refusal);
  if (terminal.json) terminal.document({ removed: arn });
  else terminal.talk(`Removed ${arn} and its access keys.`);
  return EXIT.ok;
}

function list(operator: Operator, { terminal, invocation }: Context): number {
  const all = operator.listPrincipals();
  if (terminal.json) {
    terminal.document({ principals: all });
    return EXIT.ok;
  }
  if (all.length === 0) {
    terminal.talk(
      `There is nobody yet. The first start makes the account's root; add others with: ${invocation} principals add ARN`,
    );
    return EXIT.ok;
  }
  const columns = [
    { title: 'principal' },
    { title: 'type' },
    { title: 'policies' },
    { title: 'access keys' },
    { title: 'since' },
  ];
  const rows = all.map(({ arn, type, policies, accessKeyIds, createdAt }) => [
    arn,
    type,
    policies.map(({ name }) => name).join(', ') || '-',
    accessKeyIds.join(', ') || '-',
    `${createdAt.slice(0, 19)}Z`,
  ]);
  for (const line of table(terminal, columns, rows)) terminal.out(line);
  return EXIT.ok;
}
