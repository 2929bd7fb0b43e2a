import { expect, test } from 'vitest';
import { parseAuthorization } from '../../../../src/kms/api/index.ts';

const SIGNATURE = 'a'.repeat(64);
const CREDENTIAL = 'AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request';
const GOOD = `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=${SIGNATURE}`;
const DATE = ['X-Amz-Date', '20150830T123600Z'];
const read = (authorization: string, more: readonly string[] = DATE) =>
  parseAuthorization(['Host', 'localhost', ...more, 'Authorization', authorization]);
const codeOf = (parsed: ReturnType<typeof read>): string => (parsed.ok ? 'ok' : parsed.refusal.code);

test('what the header claims is read, and nothing of it is believed', () => {
  expect(read(GOOD)).toMatchObject({
    ok: true,
    authorization: {
      accessKeyId: 'AKIDEXAMPLE',
      region: 'us-east-1',
      service: 'kms',
      date: '20150830',
      signedHeaders: ['host', 'x-amz-date'],
      signature: SIGNATURE,
      amzDate: '20150830T123600Z',
      signedAtMs: Date.UTC(2015, 7, 30, 12, 36),
      sessionToken: undefined,
    },
  });
});

test('parameters come in any order, with or without spaces', () => {
  expect(codeOf(read(`AWS4-HMAC-SHA256 Signature=${SIGNATURE},SignedHeaders=host,Credential=${CREDENTIAL}`))).toBe(
    'ok',
  );
  expect(
    codeOf(read(`AWS4-HMAC-SHA256   Credential=${CREDENTIAL} ,  SignedHeaders=host ,Signature=${SIGNATURE} `)),
  ).toBe('ok');
});

test('no Authorization header is a missing token', () => {
  expect(parseAuthorization(['Host', 'localhost', ...DATE])).toEqual({
    ok: false,
    refusal: { code: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
  });
  expect(codeOf(read(''))).toBe('MissingAuthenticationTokenException');
});

test.each([
  ['another scheme', 'Basic dXNlcjpwYXNz'],
  ['another algorithm', GOOD.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')],
  ['nothing after the algorithm', 'AWS4-HMAC-SHA256 '],
  ['no credential', `AWS4-HMAC-SHA256 SignedHeaders=host, Signature=${SIGNATURE}`],
  ['no signed headers', `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, Signature=${SIGNATURE}`],
  ['no signature', `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host`],
  ['a parameter twice', `${GOOD}, Signature=${SIGNATURE}`],
  ['an unknown parameter', `${GOOD}, Extra=1`],
  ['a trailing comma', `${GOOD},`],
  ['a credential of four parts', GOOD.replace('/aws4_request', '')],
  ['a credential of six parts', GOOD.replace('/aws4_request', '/aws4_request/x')],
  ['an empty access key id', GOOD.replace('AKIDEXAMPLE', '')],
  ['an access key id with a space', GOOD.replace('AKIDEXAMPLE', 'AKID EXAMPLE')],
  ['an access key id too long to record', GOOD.replace('AKIDEXAMPLE', 'A'.repeat(129))],
  ['a Region that is no name', GOOD.replace('us-east-1', 'us.east\u00e9')],
])('%s is an incomplete signature', (_what, header) => {
  expect(codeOf(read(header))).toBe('IncompleteSignatureException');
});

test.each(['20150830T1236000', '20150230T123600Z', '2015-08-30T12:36:00Z', '20150830T126000Z', ''])(
  'a date of %j is an incomplete signature of a known claimant',
  (date) => {
    expect(read(GOOD, ['X-Amz-Date', date])).toMatchObject({
      refusal: { code: 'IncompleteSignatureException', accessKeyId: 'AKIDEXAMPLE', region: 'us-east-1' },
    });
  },
);

test('a signature is 64 lower-case hex digits', () => {
  for (const signature of [SIGNATURE.slice(1), `${SIGNATURE}a`, SIGNATURE.toUpperCase(), `${SIGNATURE.slice(1)}g`]) {
    expect(codeOf(read(GOOD.replace(SIGNATURE, signature)))).toBe('InvalidSignatureException');
  }
});

test('the scope ends in aws4_request', () => {
  expect(codeOf(read(GOOD.replace('aws4_request', 'aws3_request')))).toBe('InvalidSignatureException');
});

test.each(['Authorization', 'Host', 'X-Amz-Date', 'Date', 'Content-Type', 'X-Amz-Target', 'X-Amz-Security-Token'])(
  '%s must not come twice, in any case',
  (name) => {
    const twice = [name, 'one', name.toLowerCase(), 'two'];
    expect(codeOf(read(GOOD, [...DATE, ...twice]))).toBe('IncompleteSignatureException');
  },
);

test('a refusal never repeats what the Authorization header held', () => {
  const parsed = read('Bearer canary-of-a-misplaced-secret');
  expect(JSON.stringify(parsed)).not.toContain('canary');
});
