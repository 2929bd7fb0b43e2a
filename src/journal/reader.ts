import { open, type Database } from 'lmdb';
import { OperationalError, messageOf, type Closeable } from '../base/index.ts';

/** The journal as another process sees it: its events, read only. */
export interface OpenedReader extends Closeable {
  head(): number;
  read(from: number, limit: number): readonly { readonly seq: number; readonly bytes: Buffer }[];
}

/**
 * Opens a journal that another process writes.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE where there is none yet, or it cannot be read.
 */
export function openJournalReader(path: string): OpenedReader {
  let heads: Database<unknown, string>;
  let events: Database<Buffer, number>;
  let close: () => Promise<void>;
  try {
    const env = open({ path, readOnly: true, maxDbs: 2 });
    heads = env.openDB({ name: 'head', encoding: 'json', useVersions: true });
    events = env.openDB({ name: 'events', encoding: 'binary' });
    close = () => env.close();
  } catch (cause) {
    throw new OperationalError(
      'DATA_DIRECTORY_UNUSABLE',
      `There is no readable journal at ${path} (${messageOf(cause)}). Start the service on this data directory once, or correct KEYLEDGER_DATA.`,
      { cause },
    );
  }
  return {
    head: () => heads.getEntry('head')?.version ?? 0,
    read: (from, limit) =>
      [...events.getRange({ start: Math.max(1, from), limit })].map(({ key, value }) => ({ seq: key, bytes: value })),
    close,
  };
}
