import { expect, test } from 'vitest';
import {
  OPERATIONS,
  operationOfTarget,
  parseBody,
  readHeaders,
  refusalResponse,
  refuse,
  type RefusalCode,
} from '../../../../src/kms/api/index.ts';
import { COMMON, MODELLED } from '../../../../src/kms/api/refusals.ts';

test('a target names an operation exactly, or none', () => {
  expect(operationOfTarget('TrentService.Encrypt')).toBe('Encrypt');
  for (const target of [
    'Encrypt',
    'TrentService.encrypt',
    'TrentService.',
    'TrentService.Encrypt ',
    'TrentService.constructor',
    '',
  ]) {
    expect(operationOfTarget(target)).toBeUndefined();
  }
});

test('what uses a key is data, may cross accounts and changes nothing', () => {
  const data = Object.entries(OPERATIONS).filter(([, traits]) => traits.kind === 'data');
  expect(data).toHaveLength(15);
  expect(data.filter(([, { readOnly }]) => !readOnly)).toEqual([]);
  expect(data.filter(([, { crossAccount }]) => !crossAccount).map(([name]) => name)).toEqual(['GenerateRandom']);
});

test('of the management operations seven may cross accounts', () => {
  const across = Object.entries(OPERATIONS).filter(
    ([, { kind, crossAccount }]) => kind === 'management' && crossAccount,
  );
  expect(across.map(([name]) => name)).toEqual(
    'CreateGrant DescribeKey GetKeyRotationStatus GetPublicKey ListGrants RetireGrant RevokeGrant'.split(' '),
  );
});

test('what describes or lists changes nothing', () => {
  const reading = Object.entries(OPERATIONS).filter(([, { kind, readOnly }]) => kind === 'management' && readOnly);
  for (const [name] of reading) expect(name).toMatch(/^(Get|List|Describe)/);
  expect(reading).toHaveLength(14);
});

test('a refusal is HTTP 400 unless the fault is ours', () => {
  const codes = Object.keys({ ...MODELLED, ...COMMON }) as RefusalCode[];
  const others = codes
    .map((code) => [code, refusalResponse(refuse(code)).status] as const)
    .filter(([, status]) => status !== 400);
  expect(Object.fromEntries(others)).toEqual({
    DependencyTimeoutException: 503,
    KMSInternalException: 500,
    KeyUnavailableException: 500,
    RequestEntityTooLargeException: 413,
  });
});

test('a refusal carries its code twice and its message once', () => {
  expect(refusalResponse(refuse('NotFoundException', 'Alias a is not found.'), 7)).toEqual({
    status: 400,
    body: '{"__type":"NotFoundException","message":"Alias a is not found."}',
    errorType: 'NotFoundException',
    seq: 7,
  });
});

test('a failed decryption says only that it failed', () => {
  for (const code of [
    'InvalidCiphertextException',
    'KMSInvalidMacException',
    'KMSInvalidSignatureException',
  ] as const) {
    expect(refusalResponse(refuse(code)).body).toBe(`{"__type":"${code}"}`);
  }
});

test('a body is UTF-8 JSON, an empty one an empty object', () => {
  expect(parseBody(Buffer.alloc(0))).toEqual({ ok: true, value: {} });
  expect(parseBody(Buffer.from('{"a":"ö"}'))).toEqual({ ok: true, value: { a: 'ö' } });
  for (const bad of ['{', '{"a":1,}', 'undefined', "{'a':1}", '\u0000']) {
    expect(parseBody(Buffer.from(bad))).toMatchObject({ ok: false, refusal: { code: 'SerializationException' } });
  }
  expect(parseBody(Buffer.of(0x22, 0xff, 0x22))).toMatchObject({ refusal: { code: 'SerializationException' } });
});

test('a malformed body is not repeated in the refusal', () => {
  expect(JSON.stringify(parseBody(Buffer.from('{"Plaintext": canary')))).not.toContain('canary');
});

test('a quarter of a megabyte of brackets is read like anything else', () => {
  const deep = Buffer.from('['.repeat(131_072) + ']'.repeat(131_072));
  expect(parseBody(deep).ok).toBe(true);
});

test('headers are found by lower-case name, and repeats are joined and remembered', () => {
  const headers = readHeaders(['Host', 'a', 'X-One', '1', 'x-one', '2', 'X-ONE', '3']);
  expect(headers.get('host')).toBe('a');
  expect(headers.get('x-one')).toBe('1,2,3');
  expect([...headers.names()]).toEqual(['host', 'x-one']);
  expect(headers.repeated).toEqual(['x-one', 'x-one']);
  expect(headers.get('constructor')).toBeUndefined();
});
