import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyStateRow, type Change, type KeyEvent } from '../../../src/events/index.ts';
import { aliasArn, applyKeyEvent, foldKeyEvents, type AliasRow } from '../../../src/projections/index.ts';
import { at, changed, created, digest, event, keyArn } from './given.ts';

interface Memory {
  readonly keys: Map<string, KeyStateRow>;
  readonly aliases: Map<string, AliasRow>;
}

const empty = (): Memory => ({ keys: new Map(), aliases: new Map() });

function fold(memory: Memory, events: readonly KeyEvent[]): Memory {
  const { keys, aliases } = foldKeyEvents(memory, events);
  for (const row of keys) memory.keys.set(row.arn, row);
  for (const row of aliases) memory.aliases.set(row.arn, row);
  return memory;
}

const after = (...events: KeyEvent[]): Memory => fold(empty(), events);
const rowOf = (memory: Memory, name: string): KeyStateRow | undefined => memory.keys.get(keyArn(name));
const key = keyArn('k');

test('a created key is enabled, and its row is one the topic carries', () => {
  const { keys } = applyKeyEvent(empty(), changed(1, 'k', created('k')));
  expect(keys).toHaveLength(1);
  expect(KeyStateRow.parse(keys[0])).toMatchObject({ arn: key, seq: 1, state: 'Enabled', version: 1, aliases: [] });
});

test('a key whose material is imported waits for it', () => {
  expect(rowOf(after(changed(1, 'k', created('k', 'EXTERNAL'))), 'k')?.state).toBe('PendingImport');
});

test.each<[string, Change[], object]>([
  ['disabled', [{ type: 'KeyDisabled', v: 1, key }], { state: 'Disabled' }],
  [
    'enabled again',
    [
      { type: 'KeyDisabled', v: 1, key },
      { type: 'KeyEnabled', v: 1, key },
    ],
    { state: 'Enabled' },
  ],
  [
    'scheduled for deletion',
    [{ type: 'KeyDeletionScheduled', v: 1, key, deleteAt: at(9), windowDays: 7 }],
    { state: 'PendingDeletion', deleteAt: at(9) },
  ],
  ['deleted', [{ type: 'KeyDeleted', v: 1, key }], { state: 'Deleted', aliases: [] }],
  ['described', [{ type: 'KeyDescriptionChanged', v: 1, key, description: 'payroll' }], { description: 'payroll' }],
  [
    'given a policy',
    [{ type: 'PolicyChanged', v: 1, key, before: digest('a'), after: { digest: digest('c') } }],
    { policyDigest: digest('c') },
  ],
  [
    'tagged and untagged',
    [
      { type: 'KeyTagged', v: 1, key, tags: { team: 'pay', tier: '1' } },
      { type: 'KeyUntagged', v: 1, key, tagKeys: ['tier'] },
    ],
    { tags: { team: 'pay' } },
  ],
  [
    'rotated on a period',
    [
      { type: 'RotationEnabled', v: 1, key, periodDays: 90, nextAt: at(5) },
      {
        type: 'KeyRotated',
        v: 1,
        key,
        version: 2,
        materialId: digest('d'),
        cause: 'AUTOMATIC',
        at: at(5),
        nextAt: at(7),
      },
    ],
    { version: 2, rotationPeriodDays: 90, lastRotatedAt: at(5), nextRotationAt: at(7) },
  ],
])('a key can be %s', (_, changes, expected) => {
  const events = changes.map((change, index) => changed(index + 2, 'k', change));
  const row = rowOf(after(changed(1, 'k', created('k')), ...events), 'k');
  expect(KeyStateRow.parse(row)).toMatchObject({ ...expected, seq: changes.length + 1 });
});

test('a rescued key is disabled and no longer has a day of deletion', () => {
  const row = rowOf(
    after(
      changed(1, 'k', created('k')),
      changed(2, 'k', { type: 'KeyDeletionScheduled', v: 1, key, deleteAt: at(9), windowDays: 7 }),
      changed(3, 'k', { type: 'KeyDeletionCancelled', v: 1, key }),
    ),
    'k',
  );
  expect(row).toMatchObject({ state: 'Disabled' });
  expect(row).not.toHaveProperty('deleteAt');
});

test('a key whose rotation is switched off has neither a period nor a next rotation', () => {
  const row = rowOf(
    after(
      changed(1, 'k', created('k')),
      changed(2, 'k', { type: 'RotationEnabled', v: 1, key, periodDays: 90, nextAt: at(9) }),
      changed(3, 'k', { type: 'RotationDisabled', v: 1, key }),
    ),
    'k',
  );
  expect(row).not.toHaveProperty('rotationPeriodDays');
  expect(row).not.toHaveProperty('nextRotationAt');
});

test('an alias follows the key it is moved to and leaves the one it came from', () => {
  const memory = after(
    changed(1, 'a', created('a')),
    changed(2, 'b', created('b')),
    changed(3, 'a', { type: 'AliasCreated', v: 1, key: keyArn('a'), alias: 'alias/x', at: at(3) }),
    changed(4, 'b', { type: 'AliasMoved', v: 1, key: keyArn('b'), alias: 'alias/x', from: keyArn('a'), at: at(4) }),
  );
  expect(rowOf(memory, 'a')?.aliases).toEqual([]);
  expect(rowOf(memory, 'b')?.aliases).toEqual(['alias/x']);
  expect(memory.aliases.get(aliasArn(key, 'alias/x'))).toEqual({
    arn: aliasArn(key, 'alias/x'),
    key: keyArn('b'),
    seq: 4,
  });
});

test('a key that lost an alias still hears its own older events', () => {
  const memory = after(
    changed(1, 'a', created('a')),
    changed(2, 'a', { type: 'AliasCreated', v: 1, key: keyArn('a'), alias: 'alias/x', at: at(2) }),
    changed(3, 'b', created('b')),
    changed(5, 'b', { type: 'AliasMoved', v: 1, key: keyArn('b'), alias: 'alias/x', from: keyArn('a'), at: at(5) }),
    changed(4, 'a', { type: 'KeyDisabled', v: 1, key: keyArn('a') }),
  );
  expect(rowOf(memory, 'a')).toMatchObject({ state: 'Disabled', seq: 4, aliases: [] });
});

test('an alias is listed by one key at a time, also while a move before the last one is still on its way', () => {
  const memory = after(
    changed(1, 'a', created('a')),
    changed(2, 'a', { type: 'AliasCreated', v: 1, key: keyArn('a'), alias: 'alias/x', at: at(2) }),
    changed(3, 'c', created('c')),
    // The move from a to b, seq 5, is in another partition.
    changed(6, 'c', { type: 'AliasMoved', v: 1, key: keyArn('c'), alias: 'alias/x', from: keyArn('b'), at: at(6) }),
  );
  expect(rowOf(memory, 'a')?.aliases).toEqual([]);
  expect(rowOf(memory, 'c')?.aliases).toEqual(['alias/x']);
});

test('events without facts change no row', () => {
  expect(applyKeyEvent(empty(), event(1))).toEqual({ keys: [], aliases: [] });
});

test('facts about a key that was never created are passed over', () => {
  expect(applyKeyEvent(empty(), changed(1, 'k', { type: 'KeyDisabled', v: 1, key })).keys).toEqual([]);
});

const NAMES = ['a', 'b', 'c'] as const;
const ALIASES = ['alias/x', 'alias/y'] as const;

type Step = readonly [name: (typeof NAMES)[number], alias: (typeof ALIASES)[number], act: number];

/**
 * A true history: aliases are created while free, moved while taken, deleted by the key that has them, and free again
 * when that key is deleted.
 */
function historyOf(steps: readonly Step[]): KeyEvent[] {
  const owner = new Map<string, string>();
  const history = NAMES.map((name, index) => changed(index + 1, name, created(name)));
  const deleted = new Set<string>();
  for (const [name, alias, act] of steps) {
    if (deleted.has(name)) continue;
    const seq = history.length + 1;
    const from = owner.get(alias);
    const arn = keyArn(name);
    if (act === 0) history.push(changed(seq, name, { type: 'KeyDisabled', v: 1, key: arn }));
    else if (act === 1) history.push(changed(seq, name, { type: 'KeyTagged', v: 1, key: arn, tags: { t: `${seq}` } }));
    else if (act === 5) {
      history.push(changed(seq, name, { type: 'KeyDeleted', v: 1, key: arn }));
      deleted.add(name);
      for (const [taken, by] of owner) if (by === name) owner.delete(taken);
    } else if (from === undefined) {
      history.push(changed(seq, name, { type: 'AliasCreated', v: 1, key: arn, alias, at: at(seq) }));
      owner.set(alias, name);
    } else if (act === 2) {
      history.push(changed(seq, from, { type: 'AliasDeleted', v: 1, key: keyArn(from), alias }));
      owner.delete(alias);
    } else if (from !== name) {
      history.push(changed(seq, name, { type: 'AliasMoved', v: 1, key: arn, alias, from: keyArn(from), at: at(seq) }));
      owner.set(alias, name);
    }
  }
  return history;
}

const histories = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...ALIASES), fc.integer({ min: 0, max: 5 })), {
    maxLength: 40,
  })
  .map(historyOf);

test('folding any prefix twice equals folding it once', () => {
  fc.assert(
    fc.property(histories, fc.nat(), (history, cut) => {
      const prefix = history.slice(0, cut % (history.length + 1));
      expect(fold(after(...prefix), history)).toEqual(after(...history));
    }),
  );
});

test('one event at a time and one batch give the same rows', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const memory = empty();
      for (const each of history) fold(memory, [each]);
      expect(memory).toEqual(after(...history));
    }),
  );
});

/** Which of the two stores a crash lets a batch reach before the batch comes again. */
type Reached = 'both' | 'keys' | 'aliases' | 'neither';

/** Folds a batch as a consumer does whose stores are not one: torn by the crash, then delivered again. */
function foldTorn(memory: Memory, batch: readonly KeyEvent[], reached: Reached): void {
  const { keys, aliases } = foldKeyEvents(memory, batch);
  if (reached === 'both' || reached === 'keys') for (const row of keys) memory.keys.set(row.arn, row);
  if (reached === 'both' || reached === 'aliases') for (const row of aliases) memory.aliases.set(row.arn, row);
  if (reached !== 'both') fold(memory, batch);
}

/** Deals a history out to one lane per key, as partitions do, in batches that a crash may tear and repeat. */
const deliveries = fc.array(
  fc.record({
    lane: fc.nat({ max: NAMES.length - 1 }),
    length: fc.integer({ min: 1, max: 4 }),
    back: fc.nat({ max: 2 }),
    reached: fc.constantFrom<Reached>('both', 'keys', 'aliases', 'neither'),
  }),
  { minLength: 20, maxLength: 60 },
);

test('any interleaving that keeps the order within each key gives the same rows, torn batches and repeats included', () => {
  fc.assert(
    fc.property(histories, deliveries, (history, deals) => {
      const lanes = NAMES.map((name) => history.filter((each) => each.key?.arn === keyArn(name)));
      const next = NAMES.map(() => 0);
      const memory = empty();
      for (const { lane, length, back, reached } of deals) {
        const from = Math.max(0, (next[lane] ?? 0) - back);
        const batch = lanes[lane]?.slice(from, from + length) ?? [];
        foldTorn(memory, batch, reached);
        next[lane] = Math.max(next[lane] ?? 0, from + batch.length);
      }
      for (const [lane, events] of lanes.entries()) fold(memory, events.slice(next[lane]));
      expect(sorted(memory.keys)).toEqual(sorted(after(...history).keys));
      expect(sorted(memory.aliases)).toEqual(sorted(after(...history).aliases));
    }),
    { numRuns: 1000 },
  );
});

const sorted = <Row extends { readonly arn: string }>(rows: ReadonlyMap<string, Row>): Row[] =>
  [...rows.values()].sort((x, y) => (x.arn < y.arn ? -1 : 1));
