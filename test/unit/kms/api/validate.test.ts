import { describe, expect, test } from 'vitest';
import { OPERATIONS, validateInput, type Operation } from '../../../../src/kms/api/index.ts';
import { INPUTS } from '../../../../src/kms/api/shapes/inputs.ts';
import type { Shape } from '../../../../src/kms/api/shapes/shape.ts';
import { mistyped, outOfBounds, validStructure } from './examples.ts';

const operations = Object.keys(OPERATIONS) as Operation[];
const field = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const refusalOf = (operation: Operation, body: unknown) => {
  const validated = validateInput(operation, body);
  return validated.ok ? undefined : validated.refusal;
};
const messageOf = (operation: Operation, body: unknown): string => refusalOf(operation, body)?.message ?? 'accepted';

describe.each(operations)('%s', (operation) => {
  const { required, optional } = INPUTS[operation];
  const members: Record<string, Shape> = { ...required, ...optional };
  const good = validStructure(INPUTS[operation]);

  test('takes an input that is right, all of it or only what is required', () => {
    const validated = validateInput(operation, good);
    expect(validated).toMatchObject({ ok: true });
    if (validated.ok) expect(Object.keys(validated.input).sort()).toEqual(Object.keys(members).sort());
    const least = Object.fromEntries(Object.keys(required).map((name) => [name, good[name]]));
    expect(refusalOf(operation, least)).toBeUndefined();
    expect(refusalOf(operation, { ...least, Unknown: { deep: [1] } })).toBeUndefined();
  });

  test('names every required member that is missing', () => {
    for (const name of Object.keys(required)) {
      for (const absent of [undefined, null]) {
        expect(refusalOf(operation, { ...good, [name]: absent })).toEqual({
          code: 'ValidationException',
          message: `1 validation error detected: Value null at '${field(name)}' failed to satisfy constraint: Member must not be null`,
        });
      }
    }
  });

  test('does not miss what is not required', () => {
    for (const name of Object.keys(optional)) {
      expect(refusalOf(operation, { ...good, [name]: null })).toBeUndefined();
      expect(refusalOf(operation, { ...good, [name]: undefined })).toBeUndefined();
    }
  });

  test('refuses what is one step out of bounds, in the words of AWS', () => {
    for (const [name, shape] of Object.entries(members)) {
      for (const { what, value, says } of outOfBounds(shape)) {
        const refusal = refusalOf(operation, { ...good, [name]: value });
        expect(refusal?.code, `${name} ${what}`).toBe('ValidationException');
        expect(refusal?.message, `${name} ${what}`).toContain(says);
        expect(refusal?.message).toContain(` at '${field(name)}`);
      }
    }
  });

  test('cannot read a value of another JSON type', () => {
    for (const [name, shape] of Object.entries(members)) {
      for (const value of mistyped(shape)) {
        expect(refusalOf(operation, { ...good, [name]: value })?.code, name).toBe('SerializationException');
      }
    }
  });
});

test('a body that is no object is not an input', () => {
  for (const body of [null, [], 'text', 1, true]) {
    expect(refusalOf('ListKeys', body)?.code).toBe('SerializationException');
  }
});

test('several errors are told together, and counted', () => {
  expect(messageOf('CreateAlias', { AliasName: '' })).toBe(
    "3 validation errors detected: Value '' at 'aliasName' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
      "Value '' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; " +
      "Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null",
  );
});

test('a member of a list is told by its place, a bad word of a list for the whole list', () => {
  const tags = [
    { TagKey: 'a', TagValue: '' },
    { TagKey: '', TagValue: '' },
  ];
  expect(messageOf('TagResource', { KeyId: 'k', Tags: tags })).toContain(
    "Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
  expect(messageOf('CreateGrant', { KeyId: 'k', Operations: ['Decrypt', 'Everything'] })).toMatch(
    /^1 validation error detected: Value '\[Everything\]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy enum value set: \[Decrypt, Encrypt,/,
  );
});

test('a blob, a password, a credential or a grant token is never repeated', () => {
  const canary = 'Q0FOQVJZ';
  const messages = [
    messageOf('Encrypt', { KeyId: 'k', Plaintext: canary.repeat(2000) }),
    messageOf('Encrypt', { KeyId: 'k', Plaintext: `${canary}!` }),
    messageOf('Encrypt', { KeyId: 'k', Plaintext: [canary] }),
    messageOf('Encrypt', { KeyId: 'k', Plaintext: { [canary]: canary } }),
    messageOf('Decrypt', { CiphertextBlob: canary.repeat(2000) }),
    messageOf('Sign', { KeyId: 'k', Message: canary.repeat(2000), SigningAlgorithm: 'ECDSA_SHA_256' }),
    messageOf('CreateCustomKeyStore', { CustomKeyStoreName: 'n', KeyStorePassword: canary.repeat(9) }),
    messageOf('CreateCustomKeyStore', {
      CustomKeyStoreName: 'n',
      XksProxyAuthenticationCredential: { AccessKeyId: canary, RawSecretAccessKey: canary },
    }),
    messageOf('DescribeKey', { KeyId: 'k', GrantTokens: [canary.repeat(2000)] }),
  ];
  expect(messages).not.toContain('accepted');
  for (const message of messages) expect(message).not.toContain(canary);
});

test('a blob arrives as the bytes that were sent, in memory of its own', () => {
  const validated = validateInput('Encrypt', { KeyId: 'k', Plaintext: 'aGVsbG8=' });
  if (!validated.ok) throw new Error(validated.refusal.message);
  expect(validated.input.Plaintext.toString()).toBe('hello');
  expect(validated.input.Plaintext.buffer.byteLength).toBe(5);
});

test('an encryption context has no prototype, and no name can make it one', () => {
  const plain = validateInput('Encrypt', { KeyId: 'k', Plaintext: 'AA==', EncryptionContext: { constructor: 'a' } });
  if (!plain.ok) throw new Error(plain.refusal.message);
  const context = plain.input.EncryptionContext ?? {};
  expect(Object.getPrototypeOf(context)).toBeNull();
  expect(context['constructor']).toBe('a');
  expect('toString' in context).toBe(false);
  const trick: unknown = JSON.parse('{"KeyId":"k","Plaintext":"AA==","EncryptionContext":{"__proto__":"x"}}');
  expect(refusalOf('Encrypt', trick)?.code).toBe('ValidationException');
});

test('a prototype sent as a member lends nothing', () => {
  const body: unknown = JSON.parse('{"__proto__":{"KeyId":"k"}}');
  expect(messageOf('DescribeKey', body)).toContain("Value null at 'keyId'");
});

test('text that no UTF-8 can carry is refused before it can reach an event', () => {
  const lone = '\ud800';
  for (const [operation, body] of [
    ['DescribeKey', { KeyId: lone }],
    ['DescribeKey', { KeyId: 'k', GrantTokens: [lone] }],
    ['CreateKey', { Tags: [{ TagKey: lone, TagValue: '' }] }],
    ['Encrypt', { KeyId: 'k', Plaintext: 'AA==', EncryptionContext: { [lone]: 'a' } }],
    ['Encrypt', { KeyId: 'k', Plaintext: 'AA==', EncryptionContext: { a: lone } }],
  ] as const) {
    expect(refusalOf(operation, body)?.code).toBe('SerializationException');
  }
});

test('an answer does not outgrow its request', () => {
  const many = Array.from({ length: 50_000 }, () => ({}));
  const message = messageOf('TagResource', { KeyId: 'k', Tags: many });
  expect(message).toMatch(/^10 validation errors detected: /);
  expect(message.length).toBeLessThan(2_000);
  const long = messageOf('CreateAlias', { AliasName: '!'.repeat(200_000), TargetKeyId: 'k' });
  expect(long.length).toBeLessThan(1_000);
  const split = messageOf('CreateAlias', {
    AliasName: `${'!'.repeat(255)}\u{1F511}${'!'.repeat(300)}`,
    TargetKeyId: 'k',
  });
  expect(split.isWellFormed()).toBe(true);
});

test('no pattern takes long over anything a body can hold', () => {
  const worst = [
    'a-'.repeat(120_000),
    'a.'.repeat(120_000),
    '/'.repeat(240_000),
    'a'.repeat(240_000),
    ':'.repeat(240_000),
  ];
  const start = performance.now();
  for (const operation of operations) {
    const { required, optional } = INPUTS[operation];
    const names = Object.keys({ ...required, ...optional });
    for (const text of worst) validateInput(operation, Object.fromEntries(names.map((name) => [name, text])));
  }
  expect(performance.now() - start).toBeLessThan(5_000);
});
