import { TOPICS, encodeKeyState, parseKeyEvent, type KeyEvent, type KeyStateRow } from '../events/index.ts';
import { foldKeyEvents, type AliasRow } from '../projections/index.ts';
import type { Consumer, EventLog } from '../stream/index.ts';
import type { RowStores } from './row-store.ts';

/** Folds events into key state: rows here, and the compacted topic for everybody else. */
export function keyStateConsumer(stores: RowStores, log: EventLog): Consumer<KeyEvent> {
  const keys = stores.of<KeyStateRow>('keys', ({ arn }) => arn);
  const aliases = stores.of<AliasRow>('aliases', ({ arn }) => arn);
  return {
    group: 'projections',
    topic: TOPICS.keyEvents,
    parse: parseKeyEvent,
    handle: async ({ items }) => {
      const changed = foldKeyEvents(
        { keys, aliases },
        items.map(({ value }) => value),
      );
      // Published before stored: a crash between the two publishes the same rows again, and a row is known by its seq.
      if (changed.keys.length > 0)
        await log.append(
          TOPICS.keyState,
          changed.keys.map((row) => ({ key: row.arn, value: encodeKeyState(row) })),
        );
      await keys.put(changed.keys);
      await aliases.put(changed.aliases);
      return [];
    },
  };
}
