import { createHash, createHmac } from 'node:crypto';
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import {
  parseAuthorization,
  SigningKeyCache,
  verifySignature,
  type RefusalCode,
  type Verified,
} from '../../../../src/kms/api/index.ts';

/** The credentials of AWS's own published examples. */
export const ACCESS_KEY_ID = 'AKIDEXAMPLE';
export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

/** A request as it comes off the wire. */
export interface Wire {
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Unsigned {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  readonly accessKeyId?: string;
  readonly secret?: string | Buffer;
  /** `20150830T123600Z`. */
  readonly at: string;
  /** Date of the scope; that of `at` unless said otherwise. */
  readonly date?: string;
  readonly region?: string;
  readonly service?: string;
  /** Which headers are signed, and in what order; all of them, sorted, unless said otherwise. */
  readonly signedHeaders?: readonly string[];
  /** What stands for the hash of the body. */
  readonly payloadHash?: string;
}

const sha256 = (data: string): string => createHash('sha256').update(data, 'utf8').digest('hex');
const hmac = (key: Buffer, data: string): Buffer => createHmac('sha256', key).update(data, 'utf8').digest();

/** A second reading of the SigV4 specification, for requests no SDK would sign. */
export function sign(request: Unsigned): Wire {
  const { headers, body = '', at, region = 'us-east-1', service = 'kms' } = request;
  const names = request.signedHeaders ?? [...new Set(headers.map(([name]) => name.toLowerCase()))].sort();
  const lines = names.map((name) => {
    const values = headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value.trim());
    return `${name}:${values.join(',').replace(/ +/g, ' ')}\n`;
  });
  const canonical = `POST\n/\n\n${lines.join('')}\n${names.join(';')}\n${request.payloadHash ?? sha256(body)}`;
  const scope = `${request.date ?? at.slice(0, 8)}/${region}/${service}/aws4_request`;
  const secret = Buffer.concat([Buffer.from('AWS4'), Buffer.from(request.secret ?? SECRET)]);
  const key = scope.split('/').reduce<Buffer>(hmac, secret);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${sha256(canonical)}`).toString('hex');
  const credential = `Credential=${request.accessKeyId ?? ACCESS_KEY_ID}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { rawHeaders: [...headers.flat(), 'Authorization', authorization], body: Buffer.from(body) };
}

/** The request an unmodified SDK client would have sent. */
export async function captureFromSdk(
  send: (client: KMSClient) => Promise<unknown>,
  config: KMSClientConfig = {},
): Promise<Wire> {
  let captured: Wire | undefined;
  const client = new KMSClient({
    region: 'eu-central-1',
    endpoint: 'http://127.0.0.1:7600',
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: { headers: Record<string, string>; body: Uint8Array }) => {
        captured = { rawHeaders: Object.entries(request.headers).flat(), body: Buffer.concat([request.body]) };
        return Promise.reject(new Error('captured'));
      },
    },
    ...config,
  });
  await send(client).catch(() => undefined);
  if (captured === undefined) throw new Error('the SDK sent nothing');
  return captured;
}

export const headerOf = ({ rawHeaders }: Wire, name: string): string => {
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return rawHeaders[at + 1] ?? '';
};

/** The same request with one header's value changed. */
export const withHeader = (wire: Wire, name: string, change: (value: string) => string): Wire => ({
  ...wire,
  rawHeaders: wire.rawHeaders.map((text, at) =>
    at % 2 === 1 && wire.rawHeaders[at - 1]?.toLowerCase() === name ? change(text) : text,
  ),
});
export const plusHeader = (wire: Wire, name: string, value: string): Wire => ({
  ...wire,
  rawHeaders: [...wire.rawHeaders, name, value],
});

/** The moment in an `X-Amz-Date`. */
export const msOf = (at: string): number =>
  Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

export interface How {
  readonly nowMs?: number;
  readonly service?: string;
  readonly secret?: string;
  readonly keys?: SigningKeyCache;
}

/** Parses and verifies as the service does; at the moment of signing, and knowing one access key, unless told otherwise. */
export function verify(wire: Wire, how: How = {}): Verified {
  const parsed = parseAuthorization(wire.rawHeaders);
  if (!parsed.ok) return parsed;
  return verifySignature(parsed.authorization, wire.body, how.nowMs ?? parsed.authorization.signedAtMs, {
    secretOf: (id) => (id === ACCESS_KEY_ID ? Buffer.from(how.secret ?? SECRET) : undefined),
    keys: how.keys ?? new SigningKeyCache(),
    ...(how.service === undefined ? {} : { service: how.service }),
  });
}

/** `ok`, or the code of the refusal. */
export function outcomeOf(wire: Wire, how: How = {}): 'ok' | RefusalCode {
  const verified = verify(wire, how);
  return verified.ok ? 'ok' : verified.refusal.code;
}
