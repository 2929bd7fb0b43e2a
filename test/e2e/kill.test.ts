import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TOPICS } from '../../src/events/index.ts';
import { startBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { endServices, startService, type Service } from '../support/service.ts';
import { expectEverythingAccountedFor } from './given/account.ts';
import { createKey, firstCredentials, openCaller, type Caller } from './given/caller.ts';
import { startLoad, type Load } from './given/load.ts';
import { readTopic } from './given/readers.ts';

type Child = 'api' | 'pipeline' | 'clickhouse';

/** Kills it as nobody can refuse, and waits until the supervisor has another one at work. */
async function killOnce(service: Service, child: Child): Promise<void> {
  const { pid } = (await service.status()).processes[child] ?? {};
  process.kill(pid ?? NaN, 'SIGKILL');
  await eventually(`${child} is back`, async () => {
    const now = (await service.status()).processes[child];
    return now?.state === 'ready' && now.pid !== pid;
  });
}

/** Lets so many answers come in, so that the next kill meets calls in every stage. */
async function someAnswers(load: Load): Promise<void> {
  const wanted = load.answered.length + 20 + Math.random() * 100;
  await eventually('the load is answered', () => load.answered.length >= wanted);
}

describe.each([
  { stream: 'the embedded log', kills: 6 },
  { stream: 'Kafka', kills: 20 },
])('killed under load, over $stream', ({ stream, kills }) => {
  let broker: Broker | undefined;
  let service: Service;
  let caller: Caller;
  let load: Load;

  beforeAll(async () => {
    broker = stream === 'Kafka' ? await startBroker({ owned: true }) : undefined;
    service = await startService({
      environment: broker === undefined ? {} : { KAFKA_BROKERS: broker.brokers.join(',') },
    });
    caller = openCaller(service.api, firstCredentials(service.data));
  });
  afterAll(async () => {
    caller.close();
    await endServices();
    await broker?.stop();
  });
  beforeEach(async () => {
    load = startLoad(caller, await createKey(caller));
    await someAnswers(load);
  });
  afterEach(() => load.stop());

  test(`the API, ${kills} times: every answer has exactly one event, and every event is everywhere once`, async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      await killOnce(service, 'api');
      await someAnswers(load);
    }
    await load.stop();
    expect((await service.status()).processes['api']?.restarts).toBe(kills);
    const count = await expectEverythingAccountedFor(service, load);
    if (broker !== undefined) await expectInTopic(broker, count);
  });

  test('its readers and ClickHouse, in turn: answers go on, and every event is everywhere once', async () => {
    for (const child of ['pipeline', 'clickhouse', 'pipeline', 'clickhouse', 'clickhouse', 'pipeline'] as const) {
      await killOnce(service, child);
      await someAnswers(load);
    }
    await load.stop();
    expect(load.unanswered()).toBe(0);
    const count = await expectEverythingAccountedFor(service, load);
    if (broker !== undefined) await expectInTopic(broker, count);
    const { consumers } = await service.status();
    expect(consumers.filter(({ deadLetters }) => deadLetters > 0)).toEqual([]);
  });
});

/** Each event at least once, and a repeat only of what was there before: nothing is ever overtaken. */
async function expectInTopic({ brokers }: Broker, count: number): Promise<void> {
  const highest = new Map<number, number>();
  const seen = new Set<number>();
  for (const { partition, headers } of await readTopic(brokers, TOPICS.keyEvents)) {
    const seq = Number(headers['seq']);
    const before = highest.get(partition) ?? 0;
    if (seq < before) expect(seen).toContain(seq);
    highest.set(partition, Math.max(before, seq));
    seen.add(seq);
  }
  expect(seen.size).toBe(count);
  expect(Math.max(...highest.values())).toBe(count);
}
