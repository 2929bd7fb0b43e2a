import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { openClickHouse, type ClickHouse } from '../analytics/index.ts';
import { OperationalError } from '../base/index.ts';
import type { Config } from './config.ts';

const Users = z.object({ sre: z.object({ password: z.string() }) });

/**
 * A ClickHouse client that can only read: the embedded server's user `sre`, or the configured user of an external one.
 *
 * @throws OperationalError SERVICE_UNREACHABLE where the embedded server was never started on this data directory.
 */
export function openSre(config: Config): ClickHouse {
  if (config.clickHouse !== undefined) return openClickHouse(config.clickHouse);
  const file = `${config.paths.clickHouse}/users.json`;
  try {
    const { sre } = Users.parse(JSON.parse(readFileSync(file, 'utf8')));
    return openClickHouse({ url: `http://127.0.0.1:${config.clickHousePort}`, user: 'sre', password: sre.password });
  } catch (cause) {
    throw new OperationalError(
      'SERVICE_UNREACHABLE',
      `There is no ClickHouse to ask: ${file} cannot be read. Start Keyledger with \`npm start\`, or set KEYLEDGER_DATA.`,
      { cause },
    );
  }
}
