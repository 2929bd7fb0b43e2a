import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { HmacSha256 } from '../../base/index.ts';
import { formatAmzDate } from './amz-date.ts';
import { refused, type Authorization, type Refused } from './authorization.ts';
import type { RequestHeaders } from './headers.ts';
import { refuse, type Refusal } from './refusals.ts';
import { deriveSigningKey, NOBODY, type SigningKeyCache } from './signing-keys.ts';

/** The raw bytes of a secret access key; undefined for an access key that does not exist or may not sign. */
export type SecretLookup = (accessKeyId: string, sessionToken: string | undefined) => Buffer | undefined;

export interface Verifier {
  readonly secretOf: SecretLookup;
  readonly keys: SigningKeyCache;
  /** Service of the credential scope; `kms` unless said otherwise. */
  readonly service?: string;
}

/** Who signed. `sessionToken` is part of what was signed; whether it is any good is the caller's to find out. */
export interface Signer {
  readonly accessKeyId: string;
  readonly region: string;
  readonly sessionToken?: string;
  /** What a replay cache remembers. */
  readonly signature: string;
  readonly signedAtMs: number;
}
export type Verified = ({ readonly ok: true } & Signer) | Refused;

/** "A request must reach AWS within five minutes of the time stamp." */
export const WINDOW_MS = 5 * 60_000;

/**
 * Verifies a SigV4 signature over `POST /` and the body as it came. Every x-amz-* header present, host, the date and
 * content-type if present must be signed; unsigned, streamed and presigned payloads are refused. A refusal costs the same
 * HMACs whether the access key exists or not.
 */
export function verifySignature(claim: Authorization, body: Buffer, nowMs: number, verifier: Verifier): Verified {
  const fault = faultOfScope(claim, verifier.service ?? 'kms') ?? faultOfTime(claim, nowMs) ?? faultOfHeaders(claim);
  if (fault !== undefined) return refused(fault, claim);
  const bodyHash = sha256(body);
  const declared = claim.headers.get('x-amz-content-sha256');
  if (declared !== undefined && declared !== bodyHash) return refused(MISMATCH, claim);

  const request = `POST\n/\n\n${canonicalHeaders(claim)}\n${claim.signedHeaders.join(';')}\n${bodyHash}`;
  const scope = claim.credential.slice(claim.accessKeyId.length + 1);
  const toSign = `AWS4-HMAC-SHA256\n${claim.amzDate}\n${scope}\n${sha256OfHeaderText(request)}`;
  const secret = verifier.secretOf(claim.accessKeyId, claim.sessionToken);
  const cached = secret === undefined ? undefined : verifier.keys.get(claim.credential, secret);
  const key = cached ?? deriveSigningKey(secret ?? NOBODY, claim);
  const matches = equalHex(macOf(key, toSign, cached !== undefined), claim.signature);
  if (secret !== undefined && matches) {
    if (cached === undefined) verifier.keys.set(claim.credential, secret, key);
    const { accessKeyId, region, signature, signedAtMs, sessionToken } = claim;
    const signer = { ok: true, accessKeyId, region, signature, signedAtMs } as const;
    return sessionToken === undefined ? signer : { ...signer, sessionToken };
  }
  // Only keys that verified are cached, and a failure always pays for a derivation: its time does not tell a key in use.
  if (cached !== undefined) deriveSigningKey(NOBODY, claim);
  return refused(secret === undefined ? UNKNOWN : MISMATCH, claim);
}

const prepared = new WeakMap<Buffer, HmacSha256>();

/** The signature under a signing key; one that is used again and again is prepared once. */
function macOf(key: Buffer, toSign: string, again: boolean): string {
  if (!again) return createHmac('sha256', key).update(toSign).digest('hex');
  let hmac = prepared.get(key);
  if (hmac === undefined) prepared.set(key, (hmac = new HmacSha256(key)));
  return hmac.hex(Buffer.from(toSign, 'utf8'));
}

const MISMATCH = refuse('InvalidSignatureException');
const UNKNOWN = refuse('UnrecognizedClientException');
const invalid = (message: string): Refusal => refuse('InvalidSignatureException', message);
const sha256 = (bytes: Buffer): string => hash('sha256', bytes, 'hex');
/** Node reads header bytes as Latin-1; written back as Latin-1 they are the bytes that were signed. */
const sha256OfHeaderText = (text: string): string => sha256(Buffer.from(text, 'latin1'));

/** Both are 64 lower-case hex digits: the length of one is checked at the door, the other is ours. */
const equalHex = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));

function faultOfScope(claim: Authorization, service: string): Refusal | undefined {
  if (claim.service !== service) return invalid(`Credential should be scoped to correct service: '${service}'.`);
  if (claim.amzDate.startsWith(claim.date) && claim.date.length === 8) return undefined;
  return invalid('Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.');
}

/** In AWS's words: SDKs read them to correct their clocks. */
function faultOfTime({ amzDate, signedAtMs }: Authorization, nowMs: number): Refusal | undefined {
  if (Math.abs(nowMs - signedAtMs) <= WINDOW_MS) return undefined;
  const now = formatAmzDate(nowMs);
  if (signedAtMs < nowMs) {
    const earliest = formatAmzDate(nowMs - WINDOW_MS);
    return invalid(`Signature expired: ${amzDate} is now earlier than ${earliest} (${now} - 5 min.)`);
  }
  const latest = formatAmzDate(nowMs + WINDOW_MS);
  return invalid(`Signature not yet current: ${amzDate} is still later than ${latest} (${now} + 5 min.)`);
}

const mustBeSigned = (name: string, headers: RequestHeaders): boolean =>
  name.startsWith('x-amz-') ||
  name === 'host' ||
  name === 'content-type' ||
  (name === 'date' && headers.get('x-amz-date') === undefined);

function faultOfHeaders({ headers, signedHeaders }: Authorization): Refusal | undefined {
  if (headers.get('host') === undefined) return invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  for (const name of headers.names()) {
    if (mustBeSigned(name, headers) && !signedHeaders.includes(name)) {
      return invalid(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
  let before = '';
  for (const name of signedHeaders) {
    // Sorted and without repeats is the only canonical form, and it must name what is there.
    if (name <= before || headers.get(name) === undefined) return MISMATCH;
    before = name;
  }
  return undefined;
}

function canonicalHeaders({ headers, signedHeaders }: Authorization): string {
  let lines = '';
  for (const name of signedHeaders) {
    const value = headers.get(name) ?? '';
    // The parser has trimmed the ends; runs of spaces inside count as one.
    lines += `${name}:${value.includes('  ') ? value.replace(/ +/g, ' ') : value}\n`;
  }
  return lines;
}
