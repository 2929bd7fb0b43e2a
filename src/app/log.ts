import { pino } from 'pino';
import type { Log } from '../base/index.ts';

/** Fields that no line may carry, whoever passes them. */
const NEVER = [
  'plaintext',
  'Plaintext',
  'secret',
  'secretAccessKey',
  'password',
  'authorization',
  '*.plaintext',
  '*.Plaintext',
  '*.secretAccessKey',
  '*.password',
  '*.authorization',
];

/** JSON lines on stderr: stdout belongs to results. */
export function openLog(process: string, level: string): Log {
  const logger = pino(
    {
      level,
      base: { process },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: NEVER, censor: '[secret]' },
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
  };
}
