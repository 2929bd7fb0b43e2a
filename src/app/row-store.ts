import { open } from 'lmdb';
import type { Closeable } from '../base/index.ts';
import type { RowStore } from '../projections/index.ts';

/** Rows of the projections in an LMDB environment of their own: rebuilt from events whenever they are lost. */
export interface RowStores extends Closeable {
  of<Row>(name: string, idOf: (row: Row) => string): RowStore<Row>;
}

export function openRowStores(path: string): RowStores {
  const env = open({ path, overlappingSync: false, maxDbs: 8 });
  return {
    of: (name, idOf) => {
      const db = env.openDB<ReturnType<typeof JSON.parse>, string>({ name });
      return {
        get: (id) => db.get(id) as never,
        put: async (rows) => {
          if (rows.length === 0) return;
          await db.batch(() => {
            for (const row of rows) void db.put(idOf(row), row);
          });
        },
      };
    },
    close: () => env.close(),
  };
}
