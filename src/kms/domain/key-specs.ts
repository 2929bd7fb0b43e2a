/** For each usage, the algorithms of the API that a spec works with. */
type Uses = Readonly<Record<string, readonly string[]>>;

const OAEP = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'];
const RSASSA = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
];
const RSA: Uses = { ENCRYPT_DECRYPT: OAEP, SIGN_VERIFY: RSASSA };
const nist = (algorithm: string): Uses => ({ SIGN_VERIFY: [algorithm], KEY_AGREEMENT: ['ECDH'] });
const mac = (algorithm: string): Uses => ({ GENERATE_VERIFY_MAC: [algorithm] });
const ML_DSA: Uses = { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] };
const ML_KEM: Uses = { ENCAPSULATE_DECAPSULATE: ['ML_KEM'] };

/**
 * The key specs that are supported here ("Key spec reference" of the AWS KMS Developer Guide). SM2 is missing, and so is
 * ED25519_PH_SHA_512, because Node cannot sign with them.
 */
const KEY_SPECS: ReadonlyMap<string, Uses> = new Map<string, Uses>([
  ['SYMMETRIC_DEFAULT', { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] }],
  ['HMAC_224', mac('HMAC_SHA_224')],
  ['HMAC_256', mac('HMAC_SHA_256')],
  ['HMAC_384', mac('HMAC_SHA_384')],
  ['HMAC_512', mac('HMAC_SHA_512')],
  ['RSA_2048', RSA],
  ['RSA_3072', RSA],
  ['RSA_4096', RSA],
  ['ECC_NIST_P256', nist('ECDSA_SHA_256')],
  ['ECC_NIST_P384', nist('ECDSA_SHA_384')],
  ['ECC_NIST_P521', nist('ECDSA_SHA_512')],
  ['ECC_SECG_P256K1', { SIGN_VERIFY: ['ECDSA_SHA_256'] }],
  ['ECC_NIST_EDWARDS25519', { SIGN_VERIFY: ['ED25519_SHA_512'] }],
  ['ML_DSA_44', ML_DSA],
  ['ML_DSA_65', ML_DSA],
  ['ML_DSA_87', ML_DSA],
  ['ML_KEM_512', ML_KEM],
  ['ML_KEM_768', ML_KEM],
  ['ML_KEM_1024', ML_KEM],
]);

export const SYMMETRIC = 'SYMMETRIC_DEFAULT';

export const isSupportedSpec = (spec: string): boolean => KEY_SPECS.has(spec);

/** The algorithms of a key; none where the usage is not one of its spec. */
export const algorithmsOf = (spec: string, usage: string): readonly string[] => KEY_SPECS.get(spec)?.[usage] ?? [];

/** The member of KeyMetadata and of GetPublicKey's answer that lists the algorithms of a usage. */
const MEMBERS: Readonly<Record<string, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  ENCAPSULATE_DECAPSULATE: 'EncapsulationAlgorithms',
};

/** The algorithms of a key as answers list them. */
export const listedAlgorithms = (spec: string, usage: string): Readonly<Record<string, readonly string[]>> => ({
  [MEMBERS[usage] ?? 'EncryptionAlgorithms']: algorithmsOf(spec, usage),
});
