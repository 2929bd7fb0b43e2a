import { EncryptCommand } from '@aws-sdk/client-kms';
import { expect, test } from 'vitest';
import { deriveSigningKey, NOBODY } from '../../../../src/kms/api/signing-keys.ts';
import { SigningKeyCache } from '../../../../src/kms/api/index.ts';
import * as request from './signed-request.ts';
import {
  ACCESS_KEY_ID,
  captureFromSdk,
  headerOf,
  msOf,
  outcomeOf,
  plusHeader,
  SECRET,
  sign,
  verify,
} from './signed-request.ts';

const AT = '20150830T123600Z';
const NOW = msOf(AT);
const MINUTE = 60_000;
const base = [
  ['Host', 'example.amazonaws.com'],
  ['X-Amz-Date', AT],
] as const;
const encrypt = (): Promise<request.Wire> =>
  captureFromSdk((client) => client.send(new EncryptCommand({ KeyId: 'alias/a', Plaintext: Buffer.from('secret') })));

// The SigV4 test suite AWS publishes (aws-signing-test-suite/v4); its POST cases with header authorization.
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7' +
  'mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d' +
  '+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
test.each([
  ['post-vanilla', [], '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-key-sort',
    [['My-Header1', 'value1']],
    '',
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
  [
    'post-sts-header-before',
    [['X-Amz-Security-Token', TOKEN]],
    '',
    '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  ],
  [
    'post-x-www-form-urlencoded',
    [
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Content-Length', '13'],
      ['x-amz-content-sha256', '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e'],
    ],
    'Param1=value1',
    'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b',
  ],
] as const)("AWS's published vector %s verifies", (_name, headers, body, signature) => {
  const wire = sign({ headers: [...base, ...headers], body, at: AT, service: 'service' });
  expect(headerOf(wire, 'authorization')).toContain(`Signature=${signature}`);
  expect(verify(wire, { service: 'service' })).toMatchObject({ ok: true, accessKeyId: ACCESS_KEY_ID, signature });
});

test("the signing key is the one of AWS's documentation", () => {
  const scope = { date: '20120215', region: 'us-east-1', service: 'iam' };
  expect(deriveSigningKey(Buffer.from(SECRET), scope).toString('hex')).toBe(
    'f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d',
  );
});

test('a request of the real SDK verifies and names its signer and Region', async () => {
  const wire = await encrypt();
  expect(verify(wire)).toEqual({
    ok: true,
    accessKeyId: ACCESS_KEY_ID,
    region: 'eu-central-1',
    signature: headerOf(wire, 'authorization').slice(-64),
    signedAtMs: msOf(headerOf(wire, 'x-amz-date')),
  });
});

test('a session token is signed and handed on', async () => {
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET, sessionToken: 'a-session' };
  const wire = await captureFromSdk(
    (client) => client.send(new EncryptCommand({ KeyId: 'k', Plaintext: Buffer.from('x') })),
    {
      credentials,
    },
  );
  expect(verify(wire)).toMatchObject({ ok: true, sessionToken: 'a-session' });
  expect(outcomeOf(request.withHeader(wire, 'x-amz-security-token', () => 'another'))).toBe(
    'InvalidSignatureException',
  );
});

test('a wrong secret is a wrong signature, and an unknown access key an unknown client', () => {
  const wrong = sign({ headers: base, at: AT, secret: 'not the secret' });
  const unknown = sign({ headers: base, at: AT, accessKeyId: 'AKIDNOBODY' });
  expect(verify(wrong)).toEqual({
    ok: false,
    refusal: {
      code: 'InvalidSignatureException',
      message: expect.stringMatching(/^The request signature we calculated does not match/) as string,
      accessKeyId: ACCESS_KEY_ID,
      region: 'us-east-1',
    },
  });
  expect(verify(unknown)).toMatchObject({
    refusal: { code: 'UnrecognizedClientException', accessKeyId: 'AKIDNOBODY', region: 'us-east-1' },
  });
});

test.each([
  [-5 * MINUTE, 'ok', ''],
  [5 * MINUTE, 'ok', ''],
  [
    5 * MINUTE + 1000,
    'refused',
    'Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)',
  ],
  [
    -5 * MINUTE - 1000,
    'refused',
    'Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)',
  ],
])('a clock %i ms from the signature is %s', (skewMs, outcome, message) => {
  const verified = verify(sign({ headers: base, at: AT }), { nowMs: NOW + skewMs });
  expect(verified.ok ? 'ok' : 'refused').toBe(outcome);
  if (!verified.ok) expect(verified.refusal).toMatchObject({ code: 'InvalidSignatureException', message });
});

test.each(['host', 'x-amz-date', 'content-type', 'x-amz-target', 'x-amz-anything'])('%s must be signed', (name) => {
  const headers = [
    ...base,
    ['Content-Type', 'a/b'],
    ['X-Amz-Target', 'TrentService.ListKeys'],
    ['X-Amz-Anything', '1'],
  ] as const;
  const all = headers.map(([header]) => header.toLowerCase()).sort();
  expect(outcomeOf(sign({ headers, at: AT }))).toBe('ok');
  const verified = verify(sign({ headers, at: AT, signedHeaders: all.filter((other) => other !== name) }));
  expect(verified).toMatchObject({ ok: false, refusal: { code: 'InvalidSignatureException' } });
  if (!verified.ok) expect(verified.refusal.message).toContain(`'${name}' must be a 'SignedHeader'`);
});

test('a request without a host is refused, however well it is signed', () => {
  expect(outcomeOf(sign({ headers: [['X-Amz-Date', AT]], at: AT }))).toBe('InvalidSignatureException');
});

test('what stands in for the secret of an unknown access key opens nothing', () => {
  const wire = sign({ headers: base, at: AT, accessKeyId: 'AKIDNOBODY', secret: NOBODY });
  expect(outcomeOf(wire)).toBe('UnrecognizedClientException');
});

test('headers a proxy may add or change need no signature', () => {
  const wire = sign({ headers: base, at: AT });
  for (const name of ['User-Agent', 'Via', 'X-Forwarded-For', 'X-Amzn-Trace-Id', 'Content-Length', 'amz-sdk-request']) {
    expect(outcomeOf(plusHeader(wire, name, '1'))).toBe('ok');
  }
});

test('a header that is listed as signed and not there, listed twice or out of order is refused', () => {
  for (const signedHeaders of [
    ['absent', 'host', 'x-amz-date'],
    ['host', 'host', 'x-amz-date'],
    ['x-amz-date', 'host'],
    ['', 'host', 'x-amz-date'],
    ['Host', 'host', 'x-amz-date'],
  ]) {
    expect(outcomeOf(sign({ headers: base, at: AT, signedHeaders }))).toBe('InvalidSignatureException');
  }
});

test('unsigned and streamed payloads are refused, however well they are signed', () => {
  for (const payloadHash of [
    'UNSIGNED-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  ]) {
    const headers = [...base, ['X-Amz-Content-Sha256', payloadHash]] as const;
    expect(outcomeOf(sign({ headers, at: AT, body: '{}', payloadHash }))).toBe('InvalidSignatureException');
    expect(outcomeOf(sign({ headers, at: AT, body: '{}' }))).toBe('InvalidSignatureException');
  }
});

test('the scope must be of this service and of the day of the date', () => {
  expect(outcomeOf(sign({ headers: base, at: AT, service: 's3' }))).toBe('InvalidSignatureException');
  expect(outcomeOf(sign({ headers: base, at: AT, service: 'sts' }), { service: 'sts' })).toBe('ok');
  expect(outcomeOf(sign({ headers: base, at: AT, date: '2015083' }))).toBe('InvalidSignatureException');
  const yesterday = sign({ headers: base, at: '20150829T235959Z' });
  expect(outcomeOf(yesterday, { nowMs: NOW })).toBe('InvalidSignatureException');
});

test('without X-Amz-Date the Date header is the date, and must be signed', () => {
  for (const date of ['Sun, 30 Aug 2015 12:36:00 GMT', AT]) {
    const headers = [
      ['Host', 'example.amazonaws.com'],
      ['Date', date],
    ] as const;
    expect(outcomeOf(sign({ headers, at: AT }))).toBe('ok');
    expect(outcomeOf(sign({ headers, at: AT, signedHeaders: ['host'] }))).toBe('InvalidSignatureException');
    expect(outcomeOf(sign({ headers, at: AT }), { nowMs: NOW + 6 * MINUTE })).toBe('InvalidSignatureException');
  }
});

test('runs of spaces in a header count as one, and bytes beyond ASCII are signed as they are sent', () => {
  expect(outcomeOf(sign({ headers: [...base, ['My-Header', 'a   b  c']], at: AT }))).toBe('ok');
  const wire = sign({ headers: [...base, ['My-Header', 'größe']], at: AT });
  const asReceived = Buffer.from('größe', 'utf8').toString('latin1');
  expect(outcomeOf(request.withHeader(wire, 'my-header', () => asReceived))).toBe('ok');
});

test('only keys that have verified are kept, and a secret that has changed is not answered from memory', () => {
  const keys = new SigningKeyCache();
  const wire = sign({ headers: base, at: AT });
  expect(outcomeOf(sign({ headers: base, at: AT, secret: 'wrong' }), { keys })).toBe('InvalidSignatureException');
  expect(outcomeOf(sign({ headers: base, at: AT, accessKeyId: 'AKIDNOBODY' }), { keys })).toBe(
    'UnrecognizedClientException',
  );
  expect(keys.size).toBe(0);
  expect([outcomeOf(wire, { keys }), outcomeOf(wire, { keys })]).toEqual(['ok', 'ok']);
  expect(keys.size).toBe(1);
  expect(outcomeOf(wire, { keys, secret: 'rotated' })).toBe('InvalidSignatureException');
  expect(outcomeOf(sign({ headers: base, at: AT, secret: 'rotated' }), { keys, secret: 'rotated' })).toBe('ok');
  expect(keys.size).toBe(1);
});

test('the cache of signing keys is bounded, and the oldest leaves first', () => {
  const keys = new SigningKeyCache(2);
  for (const region of ['eu-west-1', 'eu-west-2', 'eu-west-3']) {
    expect(outcomeOf(sign({ headers: base, at: AT, region }), { keys })).toBe('ok');
  }
  expect(keys.size).toBe(2);
  expect(keys.get(`${ACCESS_KEY_ID}/20150830/eu-west-1/kms/aws4_request`, Buffer.from(SECRET))).toBeUndefined();
  expect(keys.get(`${ACCESS_KEY_ID}/20150830/eu-west-3/kms/aws4_request`, Buffer.from(SECRET))).toHaveLength(32);
});
