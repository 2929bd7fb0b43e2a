import { DataKeyPairSpec, KeySpec } from '@aws-sdk/client-kms';
import { expect, test } from 'vitest';
import { algorithmsOf, isSupportedSpec, listedAlgorithms } from '../../../../src/kms/domain/index.ts';
import { generateMaterial, keyObjectOf, modulusBitsOf } from '../../../../src/kms/crypto/index.ts';

test('every key spec of the API but SM2 is supported, and no other', () => {
  expect(Object.values(KeySpec).filter((spec) => !isSupportedSpec(spec))).toEqual(['SM2']);
  expect(Object.values(DataKeyPairSpec).filter((spec) => !isSupportedSpec(spec))).toEqual(['SM2']);
  expect(isSupportedSpec('RSA_1024')).toBe(false);
  expect(isSupportedSpec('constructor')).toBe(false);
});

test('there is material for every spec: as bytes, as a private key, or made ahead where it is RSA', () => {
  for (const spec of Object.values(KeySpec).filter(isSupportedSpec)) {
    if (modulusBitsOf(spec) !== undefined) expect(spec).toBe(`RSA_${String(modulusBitsOf(spec))}`);
    else expect(keyObjectOf(spec, generateMaterial(spec)).type).toBe(spec.startsWith('ECC_') ? 'private' : 'secret');
  }
});

test('a usage that is not one of the spec has no algorithms', () => {
  expect(algorithmsOf('ECC_SECG_P256K1', 'KEY_AGREEMENT')).toEqual([]);
  expect(algorithmsOf('HMAC_256', 'SIGN_VERIFY')).toEqual([]);
  expect(algorithmsOf('SM2', 'SIGN_VERIFY')).toEqual([]);
});

test('answers list algorithms under the name of the usage', () => {
  expect(listedAlgorithms('ECC_NIST_P256', 'KEY_AGREEMENT')).toEqual({ KeyAgreementAlgorithms: ['ECDH'] });
  expect(listedAlgorithms('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE')).toEqual({ EncapsulationAlgorithms: ['ML_KEM'] });
  expect(listedAlgorithms('RSA_2048', 'ENCRYPT_DECRYPT')).toEqual({
    EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  });
});
