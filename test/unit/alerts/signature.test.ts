import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { parseWebhookSecret, signWebhook } from '../../../src/alerts/index.ts';

const secretOf = (bytes: Buffer): string => `whsec_${bytes.toString('base64')}`;

test('the signature is the one of the Standard Webhooks specification', () => {
  // The example of the specification's own libraries.
  const secret = parseWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const body = '{"test": 2432232314}';
  const headers = signWebhook([secret], { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body });
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('the official library accepts what is signed, by the old secret and by the new, and nothing altered', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uuid(), (text, id) => {
      const [old, fresh] = [secretOf(randomBytes(24)), secretOf(randomBytes(64))];
      const body = JSON.stringify({ text });
      const timestampS = Math.floor(Date.now() / 1000);
      const headers = { ...signWebhook([fresh, old].map(parseWebhookSecret), { id, timestampS, body }) };
      expect(new Webhook(old).verify(body, headers)).toEqual({ text });
      expect(new Webhook(fresh).verify(body, headers)).toEqual({ text });
      expect(() => new Webhook(secretOf(randomBytes(32))).verify(body, headers)).toThrow();
      expect(() => new Webhook(old).verify(`${body} `, headers)).toThrow();
      expect(() => new Webhook(old).verify(body, { ...headers, 'webhook-id': `${id}x` })).toThrow();
    }),
  );
});

test('a secret that is malformed, short or long is refused without being repeated', () => {
  const good = secretOf(randomBytes(32));
  const bad = [
    '',
    'whsec_',
    good.slice(6),
    `${good}!`,
    good.slice(0, -2),
    secretOf(randomBytes(23)),
    secretOf(randomBytes(65)),
    `WHSEC_${good.slice(6)}`,
  ];
  for (const text of bad) {
    let thrown: unknown;
    try {
      parseWebhookSecret(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' });
    if (text.length > 8) expect(inspect(thrown)).not.toContain(text.slice(6, 14));
  }
  expect(inspect(parseWebhookSecret(good))).not.toContain(good.slice(6, 12));
});
