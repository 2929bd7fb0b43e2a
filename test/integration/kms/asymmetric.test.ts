import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

const OAEP = [
  { algorithm: 'RSAES_OAEP_SHA_1', oaepHash: 'sha1', limits: [214, 342, 470] },
  { algorithm: 'RSAES_OAEP_SHA_256', oaepHash: 'sha256', limits: [190, 318, 446] },
] as const;

for (const [at, spec] of (['RSA_2048', 'RSA_3072', 'RSA_4096'] as const).entries()) {
  test(`${spec} decrypts what was encrypted here or with the public key outside, up to its limits`, async () => {
    const KeyId = await keyOf(spec, 'ENCRYPT_DECRYPT');
    const publicKey = await publicKeyOf(KeyId);
    for (const { algorithm, oaepHash, limits } of OAEP) {
      const Plaintext = Buffer.alloc(limits[at] ?? 0, 7);
      const input = { KeyId, EncryptionAlgorithm: algorithm };
      const sealed = await given.root.send(new kms.EncryptCommand({ ...input, Plaintext }));
      expect(sealed).toMatchObject(input);
      const outside = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Plaintext);
      for (const CiphertextBlob of [sealed.CiphertextBlob, outside]) {
        const opened = await given.root.send(new kms.DecryptCommand({ ...input, CiphertextBlob }));
        expect(bytes(opened.Plaintext)).toEqual(Plaintext);
        expect(opened).toMatchObject(input);
        expect(opened).not.toHaveProperty('KeyMaterialId');
      }
      const larger = Buffer.alloc(Plaintext.length + 1, 7);
      expect(
        await given.refusalOf(given.root.send(new kms.EncryptCommand({ ...input, Plaintext: larger }))),
      ).toMatchObject({
        name: 'ValidationException',
        message: `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${String(limits[at])} bytes.`,
      });
      const wrong = bytes(sealed.CiphertextBlob);
      wrong[20] = (wrong[20] ?? 0) ^ 1;
      for (const CiphertextBlob of [wrong, wrong.subarray(1), sealed.CiphertextBlob]) {
        const swapped = CiphertextBlob === sealed.CiphertextBlob;
        const EncryptionAlgorithm = OAEP[swapped === (algorithm === 'RSAES_OAEP_SHA_1') ? 1 : 0].algorithm;
        const refused = given.refusalOf(
          given.root.send(new kms.DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm })),
        );
        expect((await refused).name).toBe('InvalidCiphertextException');
      }
    }
  });
}

test('asymmetric encryption needs the key and the algorithm said, and has no encryption context', async () => {
  const KeyId = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const Plaintext = Buffer.from('secret');
  const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
  const refusedEncrypt = (input: kms.EncryptCommandInput) =>
    given.refusalOf(given.root.send(new kms.EncryptCommand(input)));
  expect(await refusedEncrypt({ KeyId, Plaintext })).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: 'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
  });
  expect(
    await refusedEncrypt({ KeyId, Plaintext, EncryptionAlgorithm, EncryptionContext: { app: 'a' } }),
  ).toMatchObject({ name: 'ValidationException' });
  const { CiphertextBlob } = await given.root.send(new kms.EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }));
  const refusedDecrypt = (input: kms.DecryptCommandInput) =>
    given.refusalOf(given.root.send(new kms.DecryptCommand(input)));
  expect(await refusedDecrypt({ CiphertextBlob, EncryptionAlgorithm })).toMatchObject({
    name: 'InvalidCiphertextException',
  });
  expect(await refusedDecrypt({ CiphertextBlob, KeyId })).toMatchObject({ name: 'InvalidKeyUsageException' });
  const dataKey = new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
  expect(await given.refusalOf(given.root.send(dataKey))).toMatchObject({ name: 'InvalidKeyUsageException' });
});

test('ReEncrypt leads from a symmetric key to an asymmetric one and back', async () => {
  const rsa = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const Plaintext = Buffer.from('there and back');
  const first = await given.root.send(new kms.EncryptCommand({ KeyId: symmetric, Plaintext }));
  const there = await given.root.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: first.CiphertextBlob,
      DestinationKeyId: rsa,
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  );
  expect(there).toMatchObject({
    KeyId: rsa,
    SourceKeyId: symmetric,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  });
  const back = await given.root.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: there.CiphertextBlob,
      SourceKeyId: rsa,
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      DestinationKeyId: symmetric,
    }),
  );
  const opened = await given.root.send(new kms.DecryptCommand({ CiphertextBlob: back.CiphertextBlob }));
  expect(bytes(opened.Plaintext)).toEqual(Plaintext);
});

for (const [spec, namedCurve] of [
  ['ECC_NIST_P256', 'prime256v1'],
  ['ECC_NIST_P384', 'secp384r1'],
  ['ECC_NIST_P521', 'secp521r1'],
] as const) {
  test(`two parties agree on a secret with ${spec}, one of them outside, and a foreign curve is refused`, async () => {
    const KeyId = await keyOf(spec, 'KEY_AGREEMENT');
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const derive = (key: KeyObject) =>
      given.root.send(
        new kms.DeriveSharedSecretCommand({
          KeyId,
          KeyAgreementAlgorithm: 'ECDH',
          PublicKey: key.export({ format: 'der', type: 'spki' }),
        }),
      );
    const derived = await derive(publicKey);
    expect(derived).toMatchObject({ KeyId, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS' });
    expect(bytes(derived.SharedSecret)).toEqual(diffieHellman({ privateKey, publicKey: await publicKeyOf(KeyId) }));
    const { request } = given.eventOf(derived);
    expect(request).toEqual({ KeyId, KeyAgreementAlgorithm: 'ECDH' });
    const explicit = generateKeyPairSync('ec', { namedCurve, paramEncoding: 'explicit' }).publicKey;
    const foreign = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
    for (const wrong of [explicit, foreign])
      expect(await given.refusalOf(derive(wrong))).toMatchObject({ name: 'ValidationException' });
  });
}

test('GetPublicKey says what the key is for, and has nothing to show of keys without one', async () => {
  const agreement = await keyOf('ECC_NIST_P384', 'KEY_AGREEMENT');
  const mac = await keyOf('HMAC_256', 'GENERATE_VERIFY_MAC');
  expect(await given.root.send(new kms.GetPublicKeyCommand({ KeyId: agreement }))).toMatchObject({
    KeyId: agreement,
    KeySpec: 'ECC_NIST_P384',
    KeyUsage: 'KEY_AGREEMENT',
    KeyAgreementAlgorithms: ['ECDH'],
  });
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  for (const KeyId of [mac, symmetric])
    expect(await given.refusalOf(given.root.send(new kms.GetPublicKeyCommand({ KeyId })))).toMatchObject({
      name: 'UnsupportedOperationException',
    });
});

const PAIR_SPECS = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
  'ECC_NIST_EDWARDS25519',
] as const;

test('data key pairs of every spec are whole pairs, and their private keys come back from their ciphertexts', async () => {
  const KeyId = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const EncryptionContext = { app: 'a' };
  await Promise.all(
    PAIR_SPECS.map(async (KeyPairSpec) => {
      const input = { KeyId, KeyPairSpec, EncryptionContext };
      const pair = await given.root.send(new kms.GenerateDataKeyPairCommand(input));
      expect(pair).toMatchObject({ KeyId, KeyPairSpec });
      const privateKey = createPrivateKey({ key: bytes(pair.PrivateKeyPlaintext), format: 'der', type: 'pkcs8' });
      expect(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).toEqual(bytes(pair.PublicKey));
      const opened = await given.root.send(
        new kms.DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob, EncryptionContext }),
      );
      expect(bytes(opened.Plaintext)).toEqual(bytes(pair.PrivateKeyPlaintext));
      const without = await given.root.send(new kms.GenerateDataKeyPairWithoutPlaintextCommand(input));
      expect(without).not.toHaveProperty('PrivateKeyPlaintext');
      const { Plaintext } = await given.root.send(
        new kms.DecryptCommand({ CiphertextBlob: without.PrivateKeyCiphertextBlob, EncryptionContext }),
      );
      const own = createPrivateKey({ key: bytes(Plaintext), format: 'der', type: 'pkcs8' });
      expect(createPublicKey(own).export({ format: 'der', type: 'spki' })).toEqual(bytes(without.PublicKey));
    }),
  );
});

test('many RSA keys asked for at once are made without keeping the others waiting, and too many are throttled', async () => {
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const input = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } as const;
  const asked = Array.from({ length: 60 }, () =>
    given.root.send(new kms.CreateKeyCommand(input)).then(
      () => 'made',
      (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
    ),
  );
  const delays: number[] = [];
  for (let times = 0; times < 10; times += 1) {
    const from = performance.now();
    await given.root.send(new kms.EncryptCommand({ KeyId: symmetric, Plaintext: Message }));
    delays.push(performance.now() - from);
  }
  const answers = await Promise.all(asked);
  expect(new Set(answers)).toEqual(new Set(['made', 'ThrottlingException']));
  // Two in the making and sixteen waiting; each that is done makes room for another.
  expect(answers.filter((answer) => answer === 'made').length).toBeGreaterThanOrEqual(18);
  expect(delays.sort((a, b) => a - b)[5]).toBeLessThan(250);
});

test('nobody has RSA keys made who may not create them', async () => {
  const nobody = await given.as('arn:aws:iam::000000000000:user/nobody');
  const refused = await given.refusalOf(
    nobody.send(new kms.CreateKeyCommand({ KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' })),
  );
  expect(refused.name).toBe('AccessDeniedException');
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

test('keys made before a restart sign and decrypt after it, with the same public key', async () => {
  const signer = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY');
  const rsa = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const before = (await publicKeyOf(signer)).export({ format: 'der', type: 'spki' });
  const sealed = publicEncrypt({ key: await publicKeyOf(rsa), oaepHash: 'sha256' }, Message);
  await given.restart();
  const signed = await signWith({ KeyId: signer, Message, SigningAlgorithm: 'ECDSA_SHA_256' });
  expect((await publicKeyOf(signer)).export({ format: 'der', type: 'spki' })).toEqual(before);
  expect(verify('sha256', Message, await publicKeyOf(signer), bytes(signed.Signature))).toBe(true);
  const opened = await given.root.send(
    new kms.DecryptCommand({ KeyId: rsa, CiphertextBlob: sealed, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
  );
  expect(bytes(opened.Plaintext)).toEqual(Message);
  // Only the holder of the private key could have read it.
  expect(() =>
    privateDecrypt({ key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, oaepHash: 'sha256' }, sealed),
  ).toThrow();
});
