import { Secret, type Keyring } from './crypto/index.ts';

/*
 * An import token: version(1) || expiry(6, milliseconds) || length of the algorithm's name(1) || its name || the wrapping key's
 * private half as PKCS#8, sealed by the keyring for one key of ours. So nothing is kept between the two calls, and a token that is
 * not used leaves nothing behind.
 */
const VERSION = 1;
const EXPIRY_AT = 1;
const EXPIRY_BYTES = 6;
const LENGTH_AT = EXPIRY_AT + EXPIRY_BYTES;
const NAME_AT = LENGTH_AT + 1;

export interface ImportToken {
  readonly algorithm: string;
  readonly expiresMs: number;
  /** The private key of the wrapping key, for its opener to wipe. */
  readonly pkcs8: Secret;
}

const placeOf = (keyArn: string): string => `import/${keyArn}`;

export function sealImportToken(
  keyring: Keyring,
  keyArn: string,
  { algorithm, expiresMs, pkcs8 }: ImportToken,
): Buffer {
  const bytes = Buffer.alloc(NAME_AT + algorithm.length + pkcs8.sizeBytes);
  bytes[0] = VERSION;
  bytes.writeUIntBE(expiresMs, EXPIRY_AT, EXPIRY_BYTES);
  bytes[LENGTH_AT] = algorithm.length;
  bytes.write(algorithm, NAME_AT, 'latin1');
  pkcs8.use((key) => bytes.set(key, NAME_AT + algorithm.length));
  const token = Secret.own(bytes);
  try {
    return keyring.wrap(placeOf(keyArn), token);
  } finally {
    token.wipe();
  }
}

/** Undefined for what is not a token of ours, or one for another key. */
export function openImportToken(keyring: Keyring, keyArn: string, sealed: Buffer): ImportToken | undefined {
  const token = keyring.tryUnwrap(placeOf(keyArn), sealed);
  try {
    return token?.use((bytes) => {
      const end = NAME_AT + (bytes[LENGTH_AT] ?? 0);
      return {
        algorithm: bytes.toString('latin1', NAME_AT, end),
        expiresMs: bytes.readUIntBE(EXPIRY_AT, EXPIRY_BYTES),
        pkcs8: Secret.copyOf(bytes.subarray(end)),
      };
    });
  } finally {
    token?.wipe();
  }
}
