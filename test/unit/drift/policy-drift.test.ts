import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { policyDrift, readDesiredState, type PolicyRow } from '../../../src/drift/index.ts';
import { Finding, KeyEvent, type Change } from '../../../src/events/index.ts';
import { fixture } from '../events/fixtures.ts';

const ACCOUNT = '111122223333';
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/0c0ffee0-0000-4000-8000-000000000001`;
const ALIAS = `arn:aws:kms:eu-west-1:${ACCOUNT}:alias/cards`;
const MALLORY = `arn:aws:iam::${ACCOUNT}:user/mallory`;
const template = KeyEvent.parse(fixture('key-event.v1.every-field'));

const policyFor = (principal: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Sid: 'Use', Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' }],
  });
const WANTED = policyFor(`arn:aws:iam::${ACCOUNT}:root`);
const document = (text: string) => ({ digest: createHash('sha256').update(text).digest('hex'), text });

const event = (seq: number, ...changes: readonly Change[]): KeyEvent => ({
  ...template,
  seq,
  actor: { ...template.actor, arn: MALLORY },
  changes: [...changes],
});
const created = (text = WANTED): Change => ({
  type: 'KeyCreated',
  v: 1,
  key: KEY,
  keyId: '0c0ffee0-0000-4000-8000-000000000001',
  account: ACCOUNT,
  region: 'eu-west-1',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  description: '',
  multiRegion: false,
  policy: document(text),
  tags: {},
  materialId: 'a'.repeat(64),
  at: template.time,
});
const changed = (text: string): Change => ({
  type: 'PolicyChanged',
  v: 1,
  key: KEY,
  before: 'b'.repeat(64),
  after: document(text),
});
const named: Change = { type: 'AliasCreated', v: 1, key: KEY, alias: 'alias/cards', at: template.time };

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'keyledger-desired-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const desire = (key: string, policy: string, name = 'cards.yaml'): void =>
  writeFileSync(join(folder, name), `key: ${key}\nowner: payments\npolicy: ${policy}\n`);

async function run(events: readonly KeyEvent[], rows = new Map<string, PolicyRow>()): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const consumer = policyDrift({
    desired: readDesiredState(folder),
    rows: {
      get: (arn) => rows.get(arn),
      put: (changedRows) => {
        for (const row of changedRows) rows.set(row.arn, row);
        return Promise.resolve();
      },
    },
    publish: (published) => {
      findings.push(...published.map((finding) => Finding.parse(finding)));
      return Promise.resolve();
    },
  });
  await consumer.handle({
    partition: 0,
    items: events.map((value) => ({ offset: value.seq, value, bytes: Buffer.alloc(0) })),
  });
  return findings;
}

test('a policy that is the desired one is silent, and one changed by hand is told with who, what and where', async () => {
  desire(KEY, WANTED);
  const findings = await run([event(1, created()), event(2, changed(policyFor(MALLORY)))]);
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({
    detector: 'KL-03',
    severity: 'medium',
    key: KEY,
    principal: MALLORY,
    evidence: { seqs: [2], observed: 2 },
  });
  expect(findings[0]?.evidence.explanation).toContain('cards.yaml');
});

test('a policy that lets another account in is graver', async () => {
  desire(KEY, WANTED);
  expect(
    (await run([event(1, created()), event(2, changed(policyFor('999988887777')))])).map(({ severity }) => severity),
  ).toEqual(['high']);
});

test('the same meaning in other words is no drift', async () => {
  desire(KEY, WANTED);
  expect(await run([event(1, created()), event(2, changed(policyFor(ACCOUNT)))])).toEqual([]);
});

test('a key is known by its alias, from the event on that gives it the name', async () => {
  desire(ALIAS, WANTED);
  expect(await run([event(1, created(policyFor(MALLORY)))])).toEqual([]);
  expect(await run([event(1, created(policyFor(MALLORY))), event(2, named)])).toHaveLength(1);
});

test('an alias that moves away takes the desired policy with it', async () => {
  desire(ALIAS, WANTED);
  const moved: Change = {
    type: 'AliasMoved',
    v: 1,
    key: `${KEY.slice(0, -1)}2`,
    alias: 'alias/cards',
    from: KEY,
    at: template.time,
  };
  const findings = await run([
    event(1, created()),
    event(2, named),
    event(3, moved),
    event(4, changed(policyFor(MALLORY))),
  ]);
  expect(findings).toEqual([]);
});

test('a replay gives the same findings with the same ids, and an event that comes again gives none', async () => {
  desire(KEY, WANTED);
  const events = [event(1, created()), event(2, changed(policyFor(MALLORY)))];
  const rows = new Map<string, PolicyRow>();
  const first = await run(events, rows);
  expect(await run(events)).toEqual(first);
  expect(await run(events, rows)).toEqual([]);
});

test('a policy too large for its event is told as such, for nobody has compared it', async () => {
  desire(KEY, WANTED);
  const { digest } = document(policyFor(MALLORY));
  const findings = await run([
    event(1, created()),
    event(2, { type: 'PolicyChanged', v: 1, key: KEY, before: 'b'.repeat(64), after: { digest } }),
  ]);
  expect(findings[0]?.evidence.explanation).toContain('too large');
});

test.each([
  ['an unknown member', `key: ${KEY}\npolicy: ${WANTED}\nplicy: {}\n`, 'plicy'],
  ['a name that is no ARN', `key: alias/cards\npolicy: ${WANTED}\n`, 'ARN'],
  ['a policy that is none', `key: ${KEY}\npolicy: {"Statement": 1}\n`, 'not a key policy'],
  ['the same member twice', `key: ${KEY}\nkey: ${KEY}\npolicy: ${WANTED}\n`, 'unique'],
])('%s in the folder is refused, and the file is named', (_, text, reason) => {
  writeFileSync(join(folder, 'bad.yaml'), text);
  expect(() => readDesiredState(folder)).toThrow(/bad\.yaml/);
  expect(() => readDesiredState(folder)).toThrow(reason);
});

test('two files that speak of one key are refused', () => {
  desire(KEY, WANTED, 'a.yaml');
  desire(KEY, WANTED, 'b.yaml');
  expect(() => readDesiredState(folder)).toThrow(/a\.yaml speaks of/);
});
