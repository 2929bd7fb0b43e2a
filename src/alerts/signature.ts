import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { OperationalError } from '../base/index.ts';

const PREFIX = 'whsec_';
/** Standard Webhooks 1.0.0, "Signature scheme": between 24 and 64 random bytes. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/**
 * A signing secret as Standard Webhooks writes it: `whsec_` and base64. A `KeyObject` does not print its bytes.
 *
 * @throws OperationalError CONFIG_INVALID, without a byte of the secret in the message.
 */
export function parseWebhookSecret(text: string): KeyObject {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '';
  const bytes = Buffer.from(encoded, 'base64');
  try {
    // Node reads past what is not base64; what does not come back as it went in was not a secret.
    if (bytes.toString('base64') === encoded && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) {
      return createSecretKey(bytes);
    }
  } finally {
    bytes.fill(0);
  }
  const wanted = `${PREFIX} and the base64 of ${MIN_BYTES} to ${MAX_BYTES} bytes`;
  throw new OperationalError('CONFIG_INVALID', `A webhook secret is not ${wanted}`);
}

/** The headers of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com). */
export interface WebhookHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * Signs `body` for one attempt at time `timestampS` (seconds since the epoch; receivers allow five minutes). Each secret
 * gives a signature, and one that verifies is enough: two are given while a secret is being replaced. `id` is free of dots.
 */
export function signWebhook(
  secrets: readonly KeyObject[],
  { id, timestampS, body }: { readonly id: string; readonly timestampS: number; readonly body: string },
): WebhookHeaders {
  const signed = `${id}.${timestampS}.${body}`;
  const signatures = secrets.map((secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': String(timestampS), 'webhook-signature': signatures.join(' ') };
}
