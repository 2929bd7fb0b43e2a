import { formatAmzDate, parseAmzDate, parseDateHeader } from './amz-date.ts';
import { readHeaders, type RequestHeaders } from './headers.ts';
import { refuse, type Refusal } from './refusals.ts';

/** What an Authorization header claims. Nothing of it is verified. */
export interface Authorization {
  readonly accessKeyId: string;
  /** `accessKeyId/date/region/service/aws4_request`, as it came. */
  readonly credential: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** As listed: whether the list is canonical and complete is for {@link verifySignature} to say. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hex digits. */
  readonly signature: string;
  /** ISO 8601 basic, as it is signed. */
  readonly amzDate: string;
  readonly signedAtMs: number;
  readonly sessionToken: string | undefined;
  readonly headers: RequestHeaders;
}

/** A refusal, and of the caller only what the header claims: enough to record who was refused. */
export interface SignatureRefusal extends Refusal {
  readonly accessKeyId?: string;
  readonly region?: string;
}
export type Refused = { readonly ok: false; readonly refusal: SignatureRefusal };
export type ParsedAuthorization = { readonly ok: true; readonly authorization: Authorization } | Refused;

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SCHEME = `${ALGORITHM} `;
const SIGNATURE_CHARS = 64;

export const refused = (refusal: Refusal, claimed?: { accessKeyId: string; region: string }): Refused => ({
  ok: false,
  refusal: claimed === undefined ? refusal : { ...refusal, accessKeyId: claimed.accessKeyId, region: claimed.region },
});
const incomplete = (message: string): Refused => refused(refuse('IncompleteSignatureException', message));

/** Headers that decide who is calling, when and what: twice is once too often. */
const isDecisive = (name: string): boolean =>
  name === 'authorization' ||
  name === 'host' ||
  name === 'date' ||
  name === 'content-type' ||
  name.startsWith('x-amz-');

/**
 * Reads the Authorization header of SigV4 (AWS Signature Version 4, "Authenticating requests", header form only) and what
 * belongs to it. Refuses what cannot be read; {@link verifySignature} judges what can.
 */
export function parseAuthorization(from: readonly string[] | RequestHeaders): ParsedAuthorization {
  const headers = 'get' in from ? from : readHeaders(from);
  const header = headers.get('authorization');
  if (header === undefined || header === '') return refused(refuse('MissingAuthenticationTokenException'));
  const twice = headers.repeated.find(isDecisive);
  if (twice !== undefined) return incomplete(`The header '${twice}' must not be repeated.`);
  // The header itself is never repeated in the answer: it may hold what a client put there by mistake.
  if (!header.startsWith(SCHEME)) return incomplete(`Authorization header requires the algorithm '${ALGORITHM}'.`);

  const parts = readParts(header);
  if (parts === undefined) return incomplete('Authorization header holds an unknown or repeated parameter.');
  const { Credential: credential, SignedHeaders: signedHeaders, Signature: signature } = parts;
  if (credential === '') return incomplete("Authorization header requires 'Credential' parameter.");
  if (signature === '') return incomplete("Authorization header requires 'Signature' parameter.");
  if (signedHeaders === '') return incomplete("Authorization header requires 'SignedHeaders' parameter.");

  const scope = credential.split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = scope;
  if (scope.length !== 5 || !isWord(accessKeyId, 128) || !isWord(region, 64)) {
    return incomplete('Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.');
  }
  const claimed = { accessKeyId, region };
  const amzDateHeader = headers.get('x-amz-date');
  const dateHeader = headers.get('date');
  const signedAtMs = amzDateHeader !== undefined ? parseAmzDate(amzDateHeader) : parseDateHeader(dateHeader ?? '');
  if (signedAtMs === undefined) {
    const message = "Authorization header requires existence of either a valid 'X-Amz-Date' or a valid 'Date' header.";
    return refused(refuse('IncompleteSignatureException', message), claimed);
  }
  if (terminator !== 'aws4_request') {
    return refused(
      refuse('InvalidSignatureException', "Credential should be scoped with a valid terminator: 'aws4_request'."),
      claimed,
    );
  }
  if (!isSignature(signature)) return refused(refuse('InvalidSignatureException'), claimed);
  return {
    ok: true,
    authorization: {
      accessKeyId,
      credential,
      date,
      region,
      service,
      signedHeaders: signedHeaders.split(';'),
      signature,
      signedAtMs,
      headers,
      amzDate: amzDateHeader ?? formatAmzDate(signedAtMs),
      sessionToken: headers.get('x-amz-security-token'),
    },
  };
}

interface Parts {
  Credential: string;
  SignedHeaders: string;
  Signature: string;
}

const isPart = (name: string): name is keyof Parts =>
  name === 'Credential' || name === 'SignedHeaders' || name === 'Signature';

/** `Name=value` between commas, in any order; undefined for a name that is unknown or comes twice. */
function readParts(header: string): Parts | undefined {
  const parts: Parts = { Credential: '', SignedHeaders: '', Signature: '' };
  for (let from = SCHEME.length; from <= header.length;) {
    const comma = header.indexOf(',', from);
    const part = header.slice(from, comma === -1 ? header.length : comma).trim();
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(equals, 0));
    if (!isPart(name) || parts[name] !== '') return undefined;
    parts[name] = part.slice(equals + 1);
    if (comma === -1) return parts;
    from = comma + 1;
  }
  return undefined;
}

const isSignature = (text: string): boolean => {
  if (text.length !== SIGNATURE_CHARS) return false;
  for (let at = 0; at < SIGNATURE_CHARS; at += 1) {
    const code = text.charCodeAt(at);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
};

/** Letters, digits, hyphen and underscore: what access key ids and region names are made of. */
const isWord = (text: string, maxChars: number): boolean => {
  if (text.length === 0 || text.length > maxChars) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const lower = code | 0x20;
    if (!((lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f)) {
      return false;
    }
  }
  return true;
};
