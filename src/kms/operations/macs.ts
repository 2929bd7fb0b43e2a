import { macMatches, macOf, type MacAlgorithm } from '../crypto/index.ts';
import { refusal } from '../domain/index.ts';
import { done, refused, type Operation } from '../call.ts';
import { timed, unavailable } from './sealing.ts';
import { refuseIncompatible, withKey, type KeyOperation } from './with-key.ts';
import { materialOf } from './use-of-material.ts';

/** Without a message: whether it was the key, the text or the MAC is nobody's business. */
const INVALID_MAC = refusal('KMSInvalidMacException', '');

const algorithmIn = (input: Readonly<Record<string, unknown>>): MacAlgorithm => input['MacAlgorithm'] as MacAlgorithm;

const macOperation = (run: KeyOperation['run']): Operation =>
  withKey({
    mode: 'now',
    rule: 'use',
    usage: 'GENERATE_VERIFY_MAC',
    conditions: ({ call }) => ({ parameters: { 'kms:macalgorithm': algorithmIn(call.input) } }),
    check: ({ call }, key) => refuseIncompatible(key, algorithmIn(call.input)),
    run,
  });

export const generateMac: Operation = macOperation((tools, key) => {
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const { input } = tools.call;
  const mac = timed(tools, () => macOf(material, algorithmIn(input), input['Message'] as Buffer));
  return done({ KeyId: key.arn, Mac: mac.toString('base64'), MacAlgorithm: algorithmIn(input) });
});

export const verifyMac: Operation = macOperation((tools, key) => {
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const { input } = tools.call;
  const valid = timed(tools, () =>
    macMatches(material, algorithmIn(input), input['Message'] as Buffer, input['Mac'] as Buffer),
  );
  if (!valid) return refused(INVALID_MAC);
  return done({ KeyId: key.arn, MacAlgorithm: algorithmIn(input), MacValid: true });
});
