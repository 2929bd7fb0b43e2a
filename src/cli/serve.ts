import { ROLES } from '../app/config.ts';
import { messageOf } from '../base/index.ts';
import { parseWords, type Command, type Context } from './command.ts';
import type { Config } from './doors.ts';
import { readStatus } from './service-status.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'Run the service, until Ctrl-C',
  help: `Usage: keyledger serve [--roles a,b] [--json]

Runs the KMS and everything that reads its events. Without --roles that is all of it on this machine, with nothing else
to install. Ctrl-C or SIGTERM: what was begun is finished, and nothing is left running.

  --json        when it is ready, print its status as JSON instead of the panel
  --roles a,b   only these parts: ${ROLES.join(', ')}
                (parts in several places need KAFKA_BROKERS, and CLICKHOUSE_URL for analytics)

Settings, all optional:
  KEYLEDGER_DATA             data directory                           ./data
  KEYLEDGER_ACCOUNT          account of the first credentials         000000000000
  KEYLEDGER_HOST             address to listen on                     127.0.0.1
  KEYLEDGER_API_PORT         the KMS API                              7600
  KEYLEDGER_CONSOLE_PORT     health, metrics, ledger, console         7601
  KEYLEDGER_CLICKHOUSE_PORT  the ClickHouse that comes along          7623
  KEYLEDGER_SEED             YAML file of principals and keys to make at start
  KEYLEDGER_DESIRED          folder of desired key policies, to be told when one drifts
  KEYLEDGER_QUOTAS           protective | aws                         protective
  KEYLEDGER_LOG_LEVEL        debug | info | warn | error              warn
  KEYLEDGER_WEBHOOK_URL      where alerts are posted, signed with KEYLEDGER_WEBHOOK_SECRET
  KAFKA_BROKERS              a Kafka instead of the log that comes along
  CLICKHOUSE_URL             a ClickHouse instead of the one that comes along (CLICKHOUSE_USER, CLICKHOUSE_PASSWORD)

Exit codes: 3 a setting is wrong, 4 the data directory cannot be used, 5 another Keyledger uses it, 6 a port is taken,
7 the root key cannot be used, 8 a commit failed and the service stopped rather than guess.`,
  async run(words, context) {
    const { doors, misuse, settings } = context;
    const { values } = parseWords(words, { roles: { type: 'string' } });
    const roles = values.roles?.split(',').map((role) => role.trim());
    const odd = roles?.filter((role) => !(ROLES as readonly string[]).includes(role)) ?? [];
    if (odd.length > 0) return misuse(`--roles: "${odd.join(', ')}" is not among ${ROLES.join(', ')}`);
    const config = settings(roles);
    return doors.serve(config, { print: (panel) => announce(context, config, panel) });
  },
};

/** That it runs: the panel for a person, the status for a program. */
function announce({ terminal }: Context, config: Config, panel: string): void {
  if (!terminal.json) {
    terminal.out(panel);
    return;
  }
  readStatus(config).then(
    (status) => terminal.document(status),
    (error: unknown) => terminal.talk(messageOf(error)),
  );
}
