import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROTECTIVE_QUOTAS } from '../../../src/kms/index.ts';
import { accountMay, givenService, policy, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const bytes = (value: Uint8Array | undefined): Buffer => Buffer.from(value ?? []);
async function keyOf(KeySpec: kms.KeySpec, KeyUsage: kms.KeyUsageType, more: kms.CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await given.root.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage, ...more }));
  return KeyMetadata?.Arn ?? '';
}
async function publicKeyOf(KeyId: string): Promise<KeyObject> {
  const { PublicKey } = await given.root.send(new kms.GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: bytes(PublicKey), format: 'der', type: 'spki' });
}
const signWith = (input: kms.SignCommandInput) => given.root.send(new kms.SignCommand(input));
const verifyWith = (input: kms.VerifyCommandInput) => given.root.send(new kms.VerifyCommand(input));

const Message = Buffer.from('release 1.2.3');
const pss = (key: KeyObject): SignKeyObjectInput => ({
  key,
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
});
const plain = (key: KeyObject): KeyObject => key;
const RSA = [256, 384, 512].flatMap((bits) => [
  { algorithm: `RSASSA_PSS_SHA_${String(bits)}`, hash: `sha${String(bits)}`, outside: pss },
  { algorithm: `RSASSA_PKCS1_V1_5_SHA_${String(bits)}`, hash: `sha${String(bits)}`, outside: plain },
]);
const ecdsa = (bits: number) => [
  { algorithm: `ECDSA_SHA_${String(bits)}`, hash: `sha${String(bits)}`, outside: plain },
];
const SIGNERS = [
  { spec: 'RSA_2048', schemes: RSA },
  { spec: 'RSA_3072', schemes: RSA },
  { spec: 'RSA_4096', schemes: RSA },
  { spec: 'ECC_NIST_P256', schemes: ecdsa(256) },
  { spec: 'ECC_NIST_P384', schemes: ecdsa(384) },
  { spec: 'ECC_NIST_P521', schemes: ecdsa(512) },
  { spec: 'ECC_SECG_P256K1', schemes: ecdsa(256) },
] as const;

for (const { spec, schemes } of SIGNERS) {
  test(`${spec} signs messages and digests with each algorithm, and anybody verifies them with the public key`, async () => {
    const KeyId = await keyOf(spec, 'SIGN_VERIFY');
    const { KeyMetadata } = await given.root.send(new kms.DescribeKeyCommand({ KeyId }));
    expect([...(KeyMetadata?.SigningAlgorithms ?? [])].sort()).toEqual(schemes.map((s) => s.algorithm).sort());
    const publicKey = await publicKeyOf(KeyId);
    for (const { algorithm, hash, outside } of schemes) {
      const SigningAlgorithm = algorithm as kms.SigningAlgorithmSpec;
      const digest = createHash(hash).update(Message).digest();
      for (const input of [
        { KeyId, SigningAlgorithm, Message },
        { KeyId, SigningAlgorithm, Message: digest, MessageType: 'DIGEST' as const },
      ]) {
        const signed = await signWith(input);
        expect(signed).toMatchObject({ KeyId, SigningAlgorithm });
        expect(verify(hash, Message, outside(publicKey), bytes(signed.Signature))).toBe(true);
        const verified = await verifyWith({ ...input, Signature: signed.Signature });
        expect(verified).toMatchObject({ KeyId, SigningAlgorithm, SignatureValid: true });
        const refused = await given.refusalOf(
          verifyWith({ KeyId, SigningAlgorithm, Message: Buffer.from('other'), Signature: signed.Signature }),
        );
        expect(refused.name).toBe('KMSInvalidSignatureException');
        const short = { ...input, Message: digest.subarray(1), MessageType: 'DIGEST' as const };
        expect(await given.refusalOf(signWith(short))).toMatchObject({
          name: 'ValidationException',
          message: `Digest is invalid length for algorithm ${algorithm}.`,
        });
      }
    }
  });
}

test('Ed25519 signs messages that node:crypto verifies, and takes no digests', async () => {
  const KeyId = await keyOf('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY');
  const input = { KeyId, Message, SigningAlgorithm: 'ED25519_SHA_512' } as const;
  const { Signature } = await signWith(input);
  expect(verify(null, Message, await publicKeyOf(KeyId), bytes(Signature))).toBe(true);
  expect(await verifyWith({ ...input, Signature })).toMatchObject({ SignatureValid: true });
  expect(await given.refusalOf(signWith({ ...input, MessageType: 'DIGEST' }))).toMatchObject({
    name: 'ValidationException',
  });
  expect(await given.refusalOf(signWith({ ...input, SigningAlgorithm: 'ED25519_PH_SHA_512' }))).toMatchObject({
    name: 'InvalidKeyUsageException',
  });
});

test('a signature made elsewhere with an exported key of its own is none here, and a wrong one says nothing of why', async () => {
  const KeyId = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY');
  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const Signature = sign('sha256', Message, stranger);
  const refused = await given.refusalOf(verifyWith({ KeyId, Message, Signature, SigningAlgorithm: 'ECDSA_SHA_256' }));
  expect(refused).toMatchObject({ name: 'KMSInvalidSignatureException', status: 400 });
  expect(refused.event).toMatchObject({
    outcome: 'invalid',
    request: { KeyId, SigningAlgorithm: 'ECDSA_SHA_256' },
    key: { arn: KeyId, spec: 'ECC_NIST_P256' },
  });
  const text = JSON.stringify(refused.event);
  for (const secret of [Message, Signature]) expect(text).not.toContain(secret.toString('base64'));
});

test('wrong usages and algorithms of signing keys are refused in the words of AWS', async () => {
  const signer = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY');
  const encrypter = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const algorithm = { SigningAlgorithm: 'RSASSA_PSS_SHA_256' } as const;
  expect(await given.refusalOf(signWith({ KeyId: signer, Message, ...algorithm }))).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: 'Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256.',
  });
  expect(await given.refusalOf(signWith({ KeyId: encrypter, Message, ...algorithm }))).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: `${encrypter} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
  });
  expect(
    await given.refusalOf(signWith({ KeyId: signer, Message, SigningAlgorithm: 'ECDSA_SHA_256', DryRun: true })),
  ).toMatchObject({ name: 'DryRunOperationException' });
  expect(await given.refusalOf(keyOf('ECC_SECG_P256K1', 'KEY_AGREEMENT'))).toMatchObject({
    name: 'ValidationException',
    message: 'KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1',
  });
  expect(await given.refusalOf(keyOf('SM2', 'SIGN_VERIFY'))).toMatchObject({ name: 'UnsupportedOperationException' });
});

test('a policy can tell signing algorithms, message types and key pair specs apart', async () => {
  const deny = (Action: string, Condition: object) => ({
    Effect: 'Deny',
    Principal: '*',
    Action,
    Resource: '*',
    Condition: { StringEquals: Condition },
  });
  const KeyId = await keyOf('RSA_2048', 'SIGN_VERIFY', {
    Policy: policy(
      accountMay(),
      deny('kms:Sign', { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' }),
      deny('kms:Verify', { 'kms:MessageType': 'RAW' }),
    ),
  });
  const SigningAlgorithm = 'RSASSA_PSS_SHA_256';
  expect(
    await given.refusalOf(signWith({ KeyId, Message, SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' })),
  ).toMatchObject({ name: 'AccessDeniedException' });
  const { Signature } = await signWith({ KeyId, Message, SigningAlgorithm });
  expect(await given.refusalOf(verifyWith({ KeyId, Message, SigningAlgorithm, Signature }))).toMatchObject({
    name: 'AccessDeniedException',
  });
  const digest = createHash('sha256').update(Message).digest();
  expect(
    await verifyWith({ KeyId, Message: digest, MessageType: 'DIGEST', SigningAlgorithm, Signature }),
  ).toMatchObject({ SignatureValid: true });
});

test('keys of RSA and of curves have quotas of their own, and who is over one is told so before any cryptography', async () => {
  const quotas = { ...PROTECTIVE_QUOTAS, rsa: 1, ecc: 3 };
  const narrow = await givenService({ quotas });
  try {
    const create = async (KeySpec: kms.KeySpec) =>
      (await narrow.root.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))).KeyMetadata?.Arn ?? '';
    const rsa = await create('RSA_2048');
    const ecc = await create('ECC_NIST_P256');
    const signs = (KeyId: string, SigningAlgorithm: kms.SigningAlgorithmSpec) =>
      narrow.root.send(new kms.SignCommand({ KeyId, Message, SigningAlgorithm }));
    const many = Array.from({ length: 8 }, () => signs(rsa, 'RSASSA_PSS_SHA_256'));
    const answers = await Promise.allSettled(many);
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    const over = many[answers.findIndex(({ status }) => status === 'rejected')] ?? Promise.resolve();
    const refused = await narrow.refusalOf(over);
    expect(refused).toMatchObject({ name: 'ThrottlingException', event: { outcome: 'throttled', key: { arn: rsa } } });
    expect(refused.event.timing.cryptoUs).toBe(0);
    for (let times = 0; times < 3; times += 1) await signs(ecc, 'ECDSA_SHA_256');
  } finally {
    await narrow.close();
  }
});
