import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyEvent } from '../../../src/events/index.ts';
import { ACCOUNT, DAY_US, givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const create = async (): Promise<string> =>
  (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
const encrypt = async (KeyId: string): Promise<Uint8Array | undefined> =>
  (await given.root.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('kept') }))).CiphertextBlob;
const decrypt = async (CiphertextBlob: Uint8Array | undefined): Promise<kms.DecryptCommandOutput> =>
  given.root.send(new kms.DecryptCommand({ CiphertextBlob }));
const rotations = async (KeyId: string, input: Partial<kms.ListKeyRotationsCommandInput> = {}) =>
  (await given.root.send(new kms.ListKeyRotationsCommand({ KeyId, ...input }))).Rotations ?? [];
const status = (KeyId: string) => given.root.send(new kms.GetKeyRotationStatusCommand({ KeyId }));
const lastOf = (operation: string): KeyEvent | undefined =>
  given.events().findLast((event) => event.operation === operation);

test('what was sealed before a rotation still opens, and every blob says with which material', async () => {
  const arn = await create();
  const blobs = [await encrypt(arn)];
  for (let round = 0; round < 3; round += 1) {
    const answer = await given.root.send(new kms.RotateKeyOnDemandCommand({ KeyId: arn }));
    expect(answer.KeyId).toBe(arn);
    expect(given.eventOf(answer).changes).toMatchObject([
      { type: 'KeyRotated', key: arn, version: round + 2, cause: 'ON_DEMAND' },
    ]);
    blobs.push(await encrypt(arn));
  }
  const materials = new Set<string | undefined>();
  for (const [at, blob] of blobs.entries()) {
    const opened = await decrypt(blob);
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('kept');
    expect(given.eventOf(opened).key?.version).toBe(at + 1);
    materials.add(opened.KeyMaterialId);
  }
  expect(materials.size).toBe(4);
  const list = await rotations(arn);
  expect(list.map(({ RotationType }) => RotationType)).toEqual(['ON_DEMAND', 'ON_DEMAND', 'ON_DEMAND']);
  const all = await rotations(arn, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' });
  expect(all.map(({ KeyMaterialState }) => KeyMaterialState)).toEqual([
    'NON_CURRENT',
    'NON_CURRENT',
    'NON_CURRENT',
    'CURRENT',
  ]);
  expect(all.map(({ KeyMaterialId }) => KeyMaterialId)).toEqual([...materials]);
  const page = await given.root.send(new kms.ListKeyRotationsCommand({ KeyId: arn, Limit: 2 }));
  expect([page.Rotations?.length, page.Truncated]).toEqual([2, true]);
  expect(await rotations(arn, { Marker: page.NextMarker })).toEqual(list.slice(2));
  const metadata = (await given.root.send(new kms.DescribeKeyCommand({ KeyId: arn }))).KeyMetadata;
  expect(metadata?.CurrentKeyMaterialId).toBe(all.at(-1)?.KeyMaterialId);
});

test('a key is rotated on demand 25 times and no more', async () => {
  const arn = await create();
  for (let round = 0; round < 25; round += 1) await given.root.send(new kms.RotateKeyOnDemandCommand({ KeyId: arn }));
  const { name } = await given.refusalOf(given.root.send(new kms.RotateKeyOnDemandCommand({ KeyId: arn })));
  expect(name).toBe('LimitExceededException');
});

test('rotation is switched on with a period of 90 to 2,560 days, 365 unless said, and off again', async () => {
  const arn = await create();
  expect(await status(arn)).toMatchObject({ KeyId: arn, KeyRotationEnabled: false });
  await given.root.send(new kms.EnableKeyRotationCommand({ KeyId: arn }));
  const on = await status(arn);
  expect(on).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 365 });
  expect(Math.abs((on.NextRotationDate?.getTime() ?? 0) - Date.now() - 365 * 86_400_000)).toBeLessThan(60_000);
  await given.root.send(new kms.EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays: 90 }));
  expect((await status(arn)).RotationPeriodInDays).toBe(90);
  for (const RotationPeriodInDays of [89, 2561]) {
    const sent = given.root.send(new kms.EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays }));
    expect((await given.refusalOf(sent)).name).toBe('ValidationException');
  }
  await given.root.send(new kms.DisableKeyRotationCommand({ KeyId: arn }));
  const off = await status(arn);
  expect(off.KeyRotationEnabled).toBe(false);
  expect(off).not.toHaveProperty('NextRotationDate');
  const again = await given.root.send(new kms.DisableKeyRotationCommand({ KeyId: arn }));
  expect(given.eventOf(again).changes).toEqual([]);
});

test('automatic rotation happens when it is due, not before, and again a period later', async () => {
  const arn = await create();
  const before = await encrypt(arn);
  await given.root.send(new kms.EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays: 90 }));
  given.clock.aheadUs += 90 * DAY_US - 60_000_000;
  expect(await given.dueWork()).toBe(0);
  given.clock.aheadUs += 61_000_000;
  expect(await given.dueWork()).toBe(1);
  expect(await given.dueWork()).toBe(0);
  const event = lastOf('RotateKey');
  expect(event).toMatchObject({
    kind: 'system',
    outcome: 'success',
    actor: { type: 'system', arn: `arn:aws:keyledger::${ACCOUNT}:system/scheduler` },
    key: { arn },
    changes: [{ type: 'KeyRotated', key: arn, version: 2, cause: 'AUTOMATIC' }],
  });
  given.clock.aheadUs += 90 * DAY_US;
  expect(await given.dueWork()).toBe(1);
  await given.restart();
  expect((await rotations(arn)).map(({ RotationType }) => RotationType)).toEqual(['AUTOMATIC', 'AUTOMATIC']);
  expect(Buffer.from((await decrypt(before)).Plaintext ?? []).toString()).toBe('kept');
});

test('a disabled key does not rotate; it does when it is enabled again', async () => {
  const arn = await create();
  await given.root.send(new kms.EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays: 90 }));
  await given.root.send(new kms.DisableKeyCommand({ KeyId: arn }));
  given.clock.aheadUs += 91 * DAY_US;
  await given.restart();
  await given.dueWork();
  expect(await rotations(arn)).toEqual([]);
  await given.root.send(new kms.EnableKeyCommand({ KeyId: arn }));
  await given.dueWork();
  expect(await rotations(arn)).toHaveLength(1);
});

test('a key that is pending deletion does not rotate', async () => {
  const arn = await create();
  await given.root.send(new kms.EnableKeyRotationCommand({ KeyId: arn, RotationPeriodInDays: 90 }));
  given.clock.aheadUs += 80 * DAY_US;
  await given.restart();
  await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 30 }));
  given.clock.aheadUs += 15 * DAY_US;
  await given.restart();
  await given.dueWork();
  expect(await rotations(arn)).toEqual([]);
});

test('a deletion that came due while the service was stopped is carried out at the next start, and the material is gone', async () => {
  const arn = await create();
  const blob = await encrypt(arn);
  await given.root.send(new kms.RotateKeyOnDemandCommand({ KeyId: arn }));
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: arn }));
  const { DeletionDate } = await given.root.send(
    new kms.ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }),
  );
  given.clock.aheadUs += 7 * DAY_US - 60_000_000;
  expect(await given.dueWork()).toBe(0);
  const table = () => given.vault.journal.state.range('material', `${arn}#`, undefined, 10);
  expect(table()).toHaveLength(2);
  await given.restart();
  given.clock.aheadUs += 61_000_000;
  await given.restart();
  expect(await given.dueWork()).toBe(1);
  expect(table()).toEqual([]);
  const event = lastOf('DeleteKey');
  expect(event).toMatchObject({ kind: 'system', key: { arn }, changes: [{ type: 'KeyDeleted', key: arn }] });
  expect(Date.parse(event?.time ?? '')).toBeGreaterThanOrEqual(DeletionDate?.getTime() ?? Infinity);
  for (const sent of [
    () => given.root.send(new kms.DescribeKeyCommand({ KeyId: arn })),
    () => given.root.send(new kms.DescribeKeyCommand({ KeyId: 'alias/doomed' })),
    () => given.root.send(new kms.CancelKeyDeletionCommand({ KeyId: arn })),
    () => decrypt(blob),
  ])
    expect((await given.refusalOf(sent())).name).toBe('NotFoundException');
  const keys = await given.root.send(new kms.ListKeysCommand({ Limit: 1000 }));
  expect(keys.Keys?.map(({ KeyArn }) => KeyArn)).not.toContain(arn);
  // Its name is free again, and its history is not.
  const next = await create();
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/doomed', TargetKeyId: next }));
});

test('a key that was used a moment before its deletion is forgotten in memory too', async () => {
  const arn = await create();
  const blob = await encrypt(arn);
  await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
  given.clock.aheadUs += 7 * DAY_US + 1;
  await given.dueWork();
  expect(given.vault.keyStore.backingKey(given.vault.journal.state, arn, 1)).toBeUndefined();
  await given.restart();
  expect((await given.refusalOf(decrypt(blob))).name).toBe('NotFoundException');
});

test('a deletion that was cancelled in time does not happen', async () => {
  const arn = await create();
  await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
  await given.root.send(new kms.CancelKeyDeletionCommand({ KeyId: arn }));
  given.clock.aheadUs += 31 * DAY_US;
  await given.restart();
  await given.dueWork();
  const { KeyMetadata } = await given.root.send(new kms.DescribeKeyCommand({ KeyId: arn }));
  expect(KeyMetadata?.KeyState).toBe('Disabled');
});
