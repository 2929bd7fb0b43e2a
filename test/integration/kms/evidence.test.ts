import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addPrincipal } from '../../../src/kms/index.ts';
import { operatorOf } from '../../../src/app/vault.ts';
import { ACCOUNT, accountMay, givenService, policy, type Given } from './given.ts';
import { eventAt, sendRaw } from './raw.ts';

/*
 * An event is an entry of the ledger and holds 65,535 bytes. What a caller may ask for has to fit, or be refused before it happens:
 * never answered without its event, and never an event without its facts.
 */
const MAX_ENTRY_BYTES = 65_535;
let given: Given;
let arn: string;
beforeAll(async () => {
  given = await givenService();
  arn = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
});
afterAll(async () => {
  for (const { bytes } of given.vault.journal.read(1, 1_000_000))
    expect(bytes.length).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
  await given.close();
});

const send = (command: object) => given.root.send(command as kms.DescribeKeyCommand);
const refused = (command: object) => given.refusalOf(send(command));
/** A context of so many bytes of names and values together. */
const contextOf = (bytes: number, fill = 'v'): Record<string, string> => ({ a: fill.repeat(bytes - 1) });
const Plaintext = Buffer.from('x');

test('a context of 8 KiB is taken on both sides of a ReEncrypt; one of more is refused', async () => {
  const [one, two] = [contextOf(8192), contextOf(8192, 'w')];
  const sealed = await given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext: one }));
  const moved = await given.root.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: sealed.CiphertextBlob,
      SourceEncryptionContext: one,
      DestinationKeyId: arn,
      DestinationEncryptionContext: two,
    }),
  );
  expect(given.eventOf(moved)).toMatchObject({ encryptionContext: two, sourceEncryptionContext: one });
  const over = await refused(new kms.EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext: contextOf(8193) }));
  expect(over.name).toBe('ValidationException');
  expect(over.event.encryptionContext).toBeUndefined();
  for (const EncryptionContext of [contextOf(70_000), { ['k'.repeat(70_000)]: 'v' }, { é: 'é'.repeat(4096) }]) {
    const { name } = await refused(new kms.EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext }));
    expect(name).toBe('ValidationException');
  }
});

test('contexts that grow when they are written down are refused where they would not fit, and taken where they do', async () => {
  // A control character is one byte to AES-GCM and six to JSON.
  const control = contextOf(8192, '\u0001');
  await send(new kms.EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext: control }));
  const { CiphertextBlob } = await given.root.send(
    new kms.EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext: control }),
  );
  const { name, event } = await refused(
    new kms.ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: control,
      DestinationKeyId: arn,
      DestinationEncryptionContext: control,
    }),
  );
  expect(name).toBe('ValidationException');
  expect(event.request).toEqual({});
});

test('50 tags of the greatest length are taken, with the longest policy and description', async () => {
  const full = (fill: string) =>
    Array.from({ length: 50 }, (_, at) => ({
      TagKey: fill.repeat(126) + String(at).padStart(2, '0'),
      TagValue: fill.repeat(256),
    }));
  const made = await given.root.send(
    new kms.CreateKeyCommand({
      Tags: full('x'),
      Description: 'd'.repeat(8192),
      Policy: policy(accountMay()).padEnd(32_768, ' '),
    }),
  );
  expect(given.eventOf(made).changes).toMatchObject([{ type: 'KeyCreated', description: 'd'.repeat(8192) }]);
  const half = await given.root.send(
    new kms.CreateKeyCommand({ Tags: full('x'), Policy: policy(accountMay()).padEnd(16_384, ' ') }),
  );
  expect(given.eventOf(half).changes).toHaveLength(1);
  // Three bytes each in UTF-8.
  const wide = await given.root.send(new kms.TagResourceCommand({ KeyId: arn, Tags: full('東') }));
  expect(given.eventOf(wide).changes).toHaveLength(1);
  const list = await given.root.send(new kms.ListResourceTagsCommand({ KeyId: arn }));
  expect(list.Tags).toHaveLength(50);
  const TagKeys = full('東').map(({ TagKey }) => TagKey);
  const untagged = await given.root.send(new kms.UntagResourceCommand({ KeyId: arn, TagKeys }));
  expect(given.eventOf(untagged).changes).toMatchObject([{ tagKeys: TagKeys.sort() }]);
});

test('what is too large to be recorded is refused, and the refusal is recorded', async () => {
  const TagKeys = Array.from({ length: 1500 }, (_, at) => String(at).padStart(128, 'x'));
  const many = await refused(new kms.UntagResourceCommand({ KeyId: arn, TagKeys }));
  expect(many.name).toBe('ValidationException');
  expect(many.event.request).toEqual({});
  const wide = await refused(
    new kms.CreateKeyCommand({
      Tags: Array.from({ length: 50 }, (_, at) => ({
        TagKey: '東'.repeat(126) + String(at).padStart(2, '0'),
        TagValue: '東'.repeat(256),
      })),
      Description: '東'.repeat(8192),
    }),
  );
  expect(wide.name).toBe('LimitExceededException');
  expect(wide.event.changes).toEqual([]);
});

test('the longest names, in the costliest characters, fit together', async () => {
  const KeyId = '\u0001'.repeat(2048);
  const answer = await sendRaw(given, {
    operation: 'ReEncrypt',
    body: JSON.stringify({ SourceKeyId: KeyId, DestinationKeyId: KeyId, CiphertextBlob: 'eA==' }),
    headers: [['User-Agent', 'x'.repeat(4000)]],
  });
  expect(answer.code).toBe('NotFoundException');
  expect(eventAt(given, answer.seq).request['SourceKeyId']).toBe(KeyId);
});

test('a description of 8,192 characters fits, whatever they are', async () => {
  for (const fill of ['d', '\u0001', '東', '"']) {
    const changed = await given.root.send(
      new kms.UpdateKeyDescriptionCommand({ KeyId: arn, Description: fill.repeat(8192) }),
    );
    expect(given.eventOf(changed).changes).toMatchObject([{ description: fill.repeat(8192) }]);
  }
});

test('a principal with many and long policies is recorded, the documents that do not fit beside the event', async () => {
  const text = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] }).padEnd(16_000, ' ');
  const policies = Array.from({ length: 10 }, (_, at) => ({ name: `p${String(at)}`, text: text + ' '.repeat(at) }));
  const arn = `arn:aws:iam::${ACCOUNT}:role/wordy`;
  const added = await addPrincipal(given.vault.journal, given.vault.keyring, operatorOf(ACCOUNT), { arn, policies });
  if ('code' in added) throw new Error(added.message);
  await given.client(added).send(new kms.ListKeysCommand({}));
});

test('a context, a tag or an alias never takes the place of something else in the record', async () => {
  const odd = {
    constructor: 'c',
    toString: 't',
    hasOwnProperty: 'h',
    '': 'empty',
    'a.b': 'dot',
    time: 'now',
    seq: '1',
  };
  const sealed = await given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext, EncryptionContext: odd }));
  const event = given.eventOf(sealed);
  expect(event.encryptionContext).toEqual(odd);
  expect(event.operation).toBe('Encrypt');
  const proto = await sendRaw(given, {
    operation: 'Encrypt',
    body: `{"KeyId":"${arn}","Plaintext":"eA==","EncryptionContext":{"__proto__":"x"}}`,
  });
  expect(proto.code).toBe('ValidationException');
});
