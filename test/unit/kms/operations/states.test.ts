import { expect, test } from 'vitest';
import type { StateView } from '../../../../src/journal/index.ts';
import type { Tools } from '../../../../src/kms/call.ts';
import { Keyring, createSealedKeyring, encryptBlob } from '../../../../src/kms/crypto/index.ts';
import type { KeyStatus } from '../../../../src/kms/domain/index.ts';
import { KeyStore } from '../../../../src/kms/keystore/index.ts';
import { OPERATIONS } from '../../../../src/kms/operations/index.ts';
import { keyOf } from '../crypto/given.ts';
import { ACCOUNT, ARN, KEY_ID, REGION, ROLE, Tables, at, created, digest } from '../domain/given.ts';

/*
 * The table "Key states of KMS keys" of the AWS KMS Developer Guide, as far as operations are carried out here. Each operation is run as it is, on
 * a key in each state, by a caller who may do everything.
 */
type Status = Exclude<KeyStatus, 'Deleted' | 'Unavailable'>;
const STATES: readonly Status[] = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'];

const OK = 'is carried out';
const DISABLED = `is refused: DisabledException ${ARN} is disabled.`;
const PENDING_DELETION = `is refused: KMSInvalidStateException ${ARN} is pending deletion.`;
const NOT_PENDING_DELETION = `is refused: KMSInvalidStateException ${ARN} is not pending deletion.`;
const PENDING_IMPORT = `is refused: KMSInvalidStateException ${ARN} is pending import.`;
const EXTERNAL = `is refused: UnsupportedOperationException ${ARN} origin is EXTERNAL which is not valid for this operation.`;

const USE = [OK, DISABLED, PENDING_DELETION, PENDING_IMPORT];
const SWITCH = [OK, OK, PENDING_DELETION, PENDING_IMPORT];
const ROTATION = [OK, DISABLED, PENDING_DELETION, EXTERNAL];
const LABEL = [OK, OK, PENDING_DELETION, OK];
const ANY = [OK, OK, OK, OK];

const OTHER_ID = '99999999-12ab-34cd-56ef-1234567890ab';
const OTHER = ARN.replace(KEY_ID, OTHER_ID);
const keyring = Keyring.open(keyOf(1), createSealedKeyring(keyOf(1)));
const keyStore = new KeyStore(keyring);
const plaintext = Buffer.from('x');

const TABLE: readonly (readonly [
  operation: string,
  input: (blobs: { own: Buffer; other: Buffer }) => Record<string, unknown>,
  answers: readonly string[],
])[] = [
  ['Encrypt', () => ({ KeyId: ARN, Plaintext: plaintext }), USE],
  ['Decrypt', ({ own }) => ({ CiphertextBlob: own }), USE],
  ['ReEncrypt', ({ own }) => ({ CiphertextBlob: own, DestinationKeyId: OTHER }), USE],
  ['ReEncrypt', ({ other }) => ({ CiphertextBlob: other, DestinationKeyId: ARN }), USE],
  ['GenerateDataKey', () => ({ KeyId: ARN, KeySpec: 'AES_256' }), USE],
  ['GenerateDataKeyWithoutPlaintext', () => ({ KeyId: ARN, KeySpec: 'AES_256' }), USE],
  ['RotateKeyOnDemand', () => ({ KeyId: ARN }), USE],
  ['EnableKey', () => ({ KeyId: ARN }), SWITCH],
  ['DisableKey', () => ({ KeyId: ARN }), SWITCH],
  ['EnableKeyRotation', () => ({ KeyId: ARN }), ROTATION],
  ['DisableKeyRotation', () => ({ KeyId: ARN }), ROTATION],
  ['TagResource', () => ({ KeyId: ARN, Tags: [{ TagKey: 'a', TagValue: 'b' }] }), LABEL],
  ['UntagResource', () => ({ KeyId: ARN, TagKeys: ['a'] }), LABEL],
  ['UpdateKeyDescription', () => ({ KeyId: ARN, Description: 'new' }), LABEL],
  ['CreateAlias', () => ({ AliasName: 'alias/new', TargetKeyId: ARN }), LABEL],
  ['UpdateAlias', () => ({ AliasName: 'alias/other', TargetKeyId: ARN }), LABEL],
  ['ScheduleKeyDeletion', () => ({ KeyId: ARN }), LABEL],
  ['CancelKeyDeletion', () => ({ KeyId: ARN }), [NOT_PENDING_DELETION, NOT_PENDING_DELETION, OK, NOT_PENDING_DELETION]],
  ['DescribeKey', () => ({ KeyId: ARN }), ANY],
  ['GetKeyPolicy', () => ({ KeyId: ARN }), ANY],
  ['GetKeyRotationStatus', () => ({ KeyId: ARN }), ANY],
  ['ListKeyPolicies', () => ({ KeyId: ARN }), ANY],
  ['ListKeyRotations', () => ({ KeyId: ARN }), ANY],
  ['ListResourceTags', () => ({ KeyId: ARN }), ANY],
  ['ListAliases', () => ({ KeyId: ARN }), ANY],
  ['PutKeyPolicy', () => ({ KeyId: ARN, Policy: POLICY }), ANY],
  ['DeleteAlias', () => ({ AliasName: 'alias/own' }), ANY],
];
const POLICY = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`;

/** Two keys with material and an alias each; the first one in the wanted state. */
function given(status: KeyStatus): { tables: Tables; own: Buffer; other: Buffer } {
  const tables = new Tables().fold(
    created(),
    created(OTHER_ID),
    { type: 'AliasCreated', v: 1, key: ARN, alias: 'alias/own', at: at(0) },
    { type: 'AliasCreated', v: 1, key: OTHER, alias: 'alias/other', at: at(0) },
  );
  for (const arn of [ARN, OTHER]) tables.apply([{ ...keyStore.create(arn, 1).write, table: 'material' }]);
  keyStore.forget();
  const blobOf = (arn: string, keyId: string): Buffer => {
    const key = keyStore.backingKey(viewOf(tables), arn, 1);
    if (key === undefined) throw new Error('no material');
    return encryptBlob(key, { keyId, version: 1 }, plaintext);
  };
  const blobs = { own: blobOf(ARN, KEY_ID), other: blobOf(OTHER, OTHER_ID) };
  tables.apply([
    {
      table: 'keys',
      key: ARN,
      value: { ...tables.key(), status, ...(status === 'PendingDeletion' ? { deleteAt: at(7) } : {}) },
    },
  ]);
  return { tables, ...blobs };
}

const viewOf = (tables: Tables): StateView => ({
  get: (table, key) => (table === 'meta' ? undefined : tables.get(table, key)),
  range: () => [],
});

function run(operation: string, input: Record<string, unknown>, tables: Tables): string {
  const actor = { arn: ROLE, type: 'role' as const, account: ACCOUNT };
  const principal = {
    arn: ROLE,
    type: 'role' as const,
    account: ACCOUNT,
    policies: [],
    accessKeyIds: [],
    createdAt: '',
  };
  const tools: Tools = {
    state: viewOf(tables),
    nowUs: 1_790_000_000_000_000,
    call: {
      operation,
      input: input as Tools['call']['input'],
      caller: { actor, principal },
      region: REGION,
      origin: {},
      requestId: digest('0'),
      traceparent: undefined,
      startedUs: 0,
    },
    notes: { cryptoUs: 0 },
    keyring,
    keyStore,
    monotonicUs: () => 0,
    authorise: () => undefined,
    admit: () => undefined,
    keepsCallerIn: () => true,
  };
  const result = OPERATIONS.get(operation)?.run(tools);
  if (result === undefined) return 'is unknown';
  if (result.kind === 'needs') return 'needs something made first';
  return result.kind === 'done' ? OK : `is refused: ${result.refusal.code} ${result.refusal.message}`;
}

for (const [operation, input, answers] of TABLE) {
  for (const [column, status] of STATES.entries()) {
    const answer = answers[column] ?? '';
    const side =
      operation !== 'ReEncrypt'
        ? ''
        : 'DestinationKeyId' in input(given('Enabled')) && input(given('Enabled'))['DestinationKeyId'] === ARN
          ? ' to it'
          : ' from it';
    test(`${operation}${side} on a key that is ${status} ${answer.replaceAll(`${ARN} `, '')}`, () => {
      const { tables, own, other } = given(status);
      expect(run(operation, input({ own, other }), tables)).toBe(answer);
    });
  }
}

test('a key whose material is unavailable is not used, and cannot be rescued from a deletion that was never scheduled', () => {
  const { tables, own, other } = given('Unavailable');
  for (const [operation, input, answers] of TABLE) {
    if (answers !== USE) continue;
    expect(run(operation, input({ own, other }), tables)).toContain('KMSInvalidStateException');
  }
  expect(run('CancelKeyDeletion', { KeyId: ARN }, tables)).toBe(NOT_PENDING_DELETION);
});

test('a deleted key is not there for anybody', () => {
  const { tables, own, other } = given('Deleted');
  for (const [operation, input] of TABLE) {
    if (operation === 'DeleteAlias' || operation === 'ListAliases') continue;
    const answer = run(operation, input({ own, other }), tables);
    expect(`${operation} ${answer}`).toBe(`${operation} is refused: NotFoundException Key '${ARN}' does not exist`);
  }
});
