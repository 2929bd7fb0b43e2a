import { open } from 'lmdb';
import { expect, test } from 'vitest';
import { OperationalError, toIsoMicros } from '../../../src/base/index.ts';
import { openJournalReader } from '../../../src/journal/index.ts';
import { clockAt, decided, draft, eventsOf, freshPath, openJournal, row } from './given.ts';

const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (thrown: unknown) => thrown,
  );

test('an answer exists once its event can be read, and not before', async () => {
  const journal = openJournal();
  const recorded = journal.recordInTurn(() => decided('done', [row('a', 1)], 'r1'));
  expect(journal.head()).toBe(0);
  expect(eventsOf(journal)).toEqual([]);
  expect(await recorded).toEqual({ seq: 1, answer: 'done' });
  expect(journal.head()).toBe(1);
  expect(eventsOf(journal)).toMatchObject([{ seq: 1, trace: { requestId: 'r1' } }]);
});

test('calls that arrive together are numbered without gaps, in the order they came', async () => {
  const journal = openJournal();
  const recorded = await Promise.all(
    Array.from({ length: 3000 }, (_, at) => {
      const decide = () => decided(at, at % 7 === 0 ? [row(`row ${String(at)}`, at)] : [], `r${String(at)}`);
      return at % 3 === 0 ? journal.recordInTurn(decide) : journal.recordNow(decide);
    }),
  );
  expect(recorded.map(({ seq }) => seq)).toEqual(Array.from({ length: 3000 }, (_, at) => at + 1));
  const events = eventsOf(journal);
  expect(events.map(({ trace }) => trace.requestId)).toEqual(recorded.map(({ answer }) => `r${String(answer)}`));
  expect(events.map(({ seq }) => seq)).toEqual(recorded.map(({ seq }) => seq));
  expect(new Set(events.map(({ id }) => id)).size).toBe(3000);
});

test('time ascends with seq, also where the clock stands still or slips back a little', async () => {
  const clock = clockAt(1_790_000_000_000_000);
  const journal = openJournal(freshPath(), { clock });
  const three = (): Promise<unknown> =>
    Promise.all([1, 2, 3].map(() => journal.recordNow(() => decided(undefined, []))));
  await three();
  await three();
  clock.us -= 500_000;
  await three();
  clock.us += 1_000_000;
  await three();
  const times = eventsOf(journal).map(({ time }) => time);
  expect(times).toEqual([...new Set(times)].sort());
  expect(times.at(-3)).toBe(toIsoMicros(clock.us));
});

test('time follows a clock that was set back, and starts after the last event where it was not', async () => {
  const path = freshPath();
  const clock = clockAt(1_790_000_000_000_000);
  const journal = openJournal(path, { clock });
  for (let count = 0; count < 5; count += 1) await journal.recordNow(() => decided(undefined));
  await journal.close();
  const again = openJournal(path, { clock });
  await again.recordNow(() => decided(undefined));
  const times = eventsOf(again).map(({ time }) => time);
  expect(times).toEqual([...new Set(times)].sort());
  clock.us -= 3_600_000_000;
  await again.recordNow(() => decided(undefined));
  expect(eventsOf(again).at(-1)?.time).toBe(toIsoMicros(clock.us));
});

test('a decision sees what was decided before it in the same group', async () => {
  const journal = openJournal();
  const counts = await Promise.all(
    Array.from({ length: 100 }, () =>
      journal.recordInTurn((state) => {
        const count = ((state.get('meta', 'count') as number | undefined) ?? 0) + 1;
        return decided(count, [row('count', count)]);
      }),
    ),
  );
  expect(counts.map(({ answer }) => answer)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  expect(journal.state.get('meta', 'count')).toBe(100);
});

test('a decision made early is made again when the state moved before its turn, and its event says the latter', async () => {
  const journal = openJournal();
  await journal.recordInTurn(() => decided(undefined, [row('key', 'Enabled')]));
  const asked: unknown[] = [];
  const use = () =>
    journal.recordNow((state) => {
      asked.push(state.get('meta', 'key'));
      const answer = state.get('meta', 'key') === 'Enabled' ? 'used' : 'refused';
      return decided(answer, [], answer);
    });
  const [before, , after] = await Promise.all([
    use(),
    journal.recordInTurn(() => decided(undefined, [row('key', 'Disabled')])),
    use(),
  ]);
  expect([before.answer, after.answer]).toEqual(['used', 'refused']);
  expect(asked).toEqual(['Enabled', 'Enabled', 'Disabled']);
  expect(eventsOf(journal).map(({ trace }) => trace.requestId)).toEqual(['-', 'used', '-', 'refused']);
});

test('a decision that came while a group was on its way to the disk is made on what that group decided', async () => {
  const journal = openJournal();
  const first = journal.recordInTurn(() => decided(undefined, [row('key', 'first')]));
  await new Promise((resolve) => setImmediate(resolve));
  const second = journal.recordNow((state) => decided(state.get('meta', 'key')));
  expect((await first).seq).toBe(1);
  expect(await second).toEqual({ seq: 2, answer: 'first' });
});

test('a decision that throws is refused alone: the others of its group are answered, and nothing is fenced', async () => {
  const fences: OperationalError[] = [];
  const journal = openJournal(freshPath(), { onFence: (error) => fences.push(error) });
  const bug = new Error('Bug: for the test');
  const outcomes = await Promise.all([
    settled(journal.recordInTurn(() => decided('one', [row('a', 1)]))),
    settled(
      journal.recordInTurn(() => {
        throw bug;
      }),
    ),
    settled(journal.recordInTurn((state) => decided(state.get('meta', 'a'), [row('b', 2)]))),
    settled(journal.recordNow(() => decided('four'))),
  ]);
  expect(outcomes).toEqual([{ seq: 1, answer: 'one' }, bug, { seq: 2, answer: 1 }, { seq: 3, answer: 'four' }]);
  expect(fences).toEqual([]);
  expect(eventsOf(journal)).toHaveLength(3);
});

test('an event that could not be an entry of the ledger is refused alone, and none of its rows exist', async () => {
  const journal = openJournal();
  const huge = { draft: draft('huge', { request: { text: 'x'.repeat(70_000) } }), writes: [row('a', 1)], answer: 'no' };
  const unwritable = { draft: draft('bad', { request: { text: '\ud800' } }), writes: [row('a', 1)], answer: 'no' };
  const outcomes = await Promise.all([
    settled(journal.recordInTurn(() => huge)),
    settled(journal.recordNow(() => unwritable)),
    settled(journal.recordInTurn((state) => decided(state.get('meta', 'a') ?? 'nothing'))),
  ]);
  expect(outcomes).toMatchObject([{ message: /65,535/ }, { name: 'TypeError' }, { seq: 1, answer: 'nothing' }]);
  expect(eventsOf(journal)).toHaveLength(1);
});

test('what was answered is there after a restart, and numbers go on from it', async () => {
  const path = freshPath();
  const journal = openJournal(path);
  await journal.recordInTurn(() => decided(undefined, [row('a', { b: [1, 'two'] }), row('gone', 1)]));
  await journal.recordInTurn(() => decided(undefined, [row('gone', undefined)]));
  await journal.close();
  const again = openJournal(path);
  expect(again.state.get('meta', 'a')).toEqual({ b: [1, 'two'] });
  expect(again.state.get('meta', 'gone')).toBeUndefined();
  expect((await again.recordNow(() => decided(undefined))).seq).toBe(3);
});

test('closing waits for what was asked, whatever is under way', async () => {
  const journal = openJournal();
  const recorded = Array.from({ length: 2500 }, () => journal.recordInTurn(() => decided(undefined)));
  await journal.close();
  expect((await Promise.all(recorded)).at(-1)?.seq).toBe(2500);
});

test('a row that was removed stays removed, however it is asked for and however soon', async () => {
  const journal = openJournal();
  for (let round = 0; round < 200; round += 1) {
    await journal.recordInTurn(() => decided(undefined, [row('a', round)]));
    expect(journal.state.get('meta', 'a')).toBe(round);
    // A read keeps a snapshot of LMDB open for this turn of the loop: it must not outlive the commit.
    journal.state.range('meta', '', undefined, 10);
    await journal.recordInTurn(() => decided(undefined, [row('a', undefined)]));
    expect(journal.state.get('meta', 'a')).toBeUndefined();
    expect(journal.state.range('meta', '', undefined, 10)).toEqual([]);
  }
});

test('a range shows what this group has put and removed, in order and within its limit', async () => {
  const journal = openJournal();
  await journal.recordInTurn(() => decided(undefined, [row('k1', 1), row('k3', 3), row('k5', 5), row('other', 0)]));
  const [, seen] = await Promise.all([
    journal.recordInTurn(() => decided(undefined, [row('k2', 2), row('k3', undefined), row('k5', 'five')])),
    journal.recordInTurn((state) =>
      decided({
        all: state.range('meta', 'k', undefined, 10),
        two: state.range('meta', 'k', undefined, 2),
        after: state.range('meta', 'k', 'k2', 10),
        none: state.range('meta', 'z', undefined, 10),
      }),
    ),
  ]);
  expect(seen.answer).toEqual({
    all: [
      { key: 'k1', value: 1 },
      { key: 'k2', value: 2 },
      { key: 'k5', value: 'five' },
    ],
    two: [
      { key: 'k1', value: 1 },
      { key: 'k2', value: 2 },
    ],
    after: [{ key: 'k5', value: 'five' }],
    none: [],
  });
  expect(journal.state.range('meta', 'k', undefined, 10)).toEqual(seen.answer.all);
});

test('a name that no row can have is absent, not an error', () => {
  const { state } = openJournal();
  for (const name of ['x'.repeat(5000), '\0', 'a\0b', '\u{1F600}'.repeat(600), ''])
    expect(state.get('keys', name)).toBeUndefined();
});

test('a reader sees the same events, and says so where there is no journal', async () => {
  const path = freshPath();
  const journal = openJournal(path);
  for (let count = 0; count < 10; count += 1) await journal.recordNow(() => decided(undefined));
  const reader = openJournalReader(path);
  expect(reader.head()).toBe(10);
  expect(reader.read(4, 3).map(({ seq }) => seq)).toEqual([4, 5, 6]);
  expect(eventsOf(reader)).toEqual(eventsOf(journal));
  await reader.close();
  expect(() => openJournalReader(`${path}-nowhere`)).toThrow(OperationalError);
});

test('a journal of a later format is left alone', async () => {
  const path = freshPath();
  const journal = openJournal(path);
  await journal.recordNow(() => decided(undefined));
  await journal.close();
  const env = open({ path, maxDbs: 20 });
  const heads = env.openDB<unknown, string>({ name: 'head', encoding: 'json', useVersions: true });
  await heads.put('head', { format: 2, stateVersion: 0 }, 1);
  await env.close();
  expect(() => openJournal(path)).toThrow(expect.objectContaining({ code: 'DATA_FORMAT_UNKNOWN' }));
});

test('a place that cannot hold a journal is refused with the path in the message', () => {
  expect(() => openJournal('/dev/null/journal')).toThrow(/DATA_DIRECTORY_UNUSABLE|cannot be opened/);
});
