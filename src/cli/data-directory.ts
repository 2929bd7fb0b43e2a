import { existsSync } from 'node:fs';
import { OperationalError } from '../base/index.ts';
import type { Context } from './command.ts';
import type { Config, Operator } from './doors.ts';

/**
 * The data directory for as long as the work lasts. One that is not there is not made: whoever mistypes KEYLEDGER_DATA, or stands in
 * another directory, wants to be told.
 *
 * @throws OperationalError NOT_FOUND, and as openOperator does
 */
export async function withOperator<T>(
  { doors }: Context,
  config: Config,
  work: (operator: Operator) => T | Promise<T>,
): Promise<T> {
  const { root, journal } = config.paths;
  if (!existsSync(journal))
    throw new OperationalError(
      'NOT_FOUND',
      `There is no Keyledger data in ${root}. Start it there once with \`npm start\`, or set KEYLEDGER_DATA to where it is.`,
    );
  const operator = await doors.openOperator(config);
  try {
    return await work(operator);
  } finally {
    await operator.close();
  }
}
