import { createHash, createHmac } from 'node:crypto';

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
}

export interface Unsigned {
  readonly host: string;
  readonly operation: string;
  readonly body: string;
  readonly region: string;
  readonly key: AccessKey;
}

const SIGNED = 'content-type;host;x-amz-date;x-amz-target';
const CONTENT_TYPE = 'application/x-amz-json-1.1';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const signingKeys = new Map<string, Buffer>();

function signingKey(secret: string, date: string, region: string): Buffer {
  const name = `${secret} ${date} ${region}`;
  let key = signingKeys.get(name);
  if (key === undefined) {
    key = [region, 'kms', 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, date));
    signingKeys.set(name, key);
  }
  return key;
}

/** A whole HTTP request with a Signature Version 4 that holds for five minutes; written here, not borrowed from the server. */
export function signedRequest({ host, operation, body, region, key }: Unsigned, nowMs: number): Buffer {
  const at = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const target = `TrentService.${operation}`;
  const scope = `${at.slice(0, 8)}/${region}/kms/aws4_request`;
  const headers = `content-type:${CONTENT_TYPE}\nhost:${host}\nx-amz-date:${at}\nx-amz-target:${target}\n`;
  const canonical = `POST\n/\n\n${headers}\n${SIGNED}\n${sha256(body)}`;
  const toSign = `AWS4-HMAC-SHA256\n${at}\n${scope}\n${sha256(canonical)}`;
  const signature = hmac(signingKey(key.secret, at.slice(0, 8), region), toSign).toString('hex');
  return Buffer.from(
    `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${CONTENT_TYPE}\r\nX-Amz-Date: ${at}\r\nX-Amz-Target: ${target}\r\n` +
      `User-Agent: keyledger-bench/1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Authorization: AWS4-HMAC-SHA256 Credential=${key.id}/${scope}, SignedHeaders=${SIGNED}, Signature=${signature}\r\n\r\n${body}`,
  );
}
