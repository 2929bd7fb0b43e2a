import * as sdk from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { OPERATIONS, type Operation } from '../../../../src/kms/api/index.ts';
import { MODELLED } from '../../../../src/kms/api/refusals.ts';
import { INPUTS } from '../../../../src/kms/api/shapes/inputs.ts';
import type { Members, Shape } from '../../../../src/kms/api/shapes/shape.ts';

/**
 * The SDK carries the service model as arrays: `[3, namespace, name, traits, members, types, how many are required]` for
 * a structure, the required ones first; types are numbers, other schemas, functions that return one, or one with traits.
 */
type Ref = number | (() => Ref) | readonly unknown[];
const exported = sdk as unknown as Readonly<Record<string, unknown>>;
const STRUCTURE = 3;
const LIST = 1;

function resolve(ref: unknown): Ref {
  if (typeof ref === 'function') return resolve((ref as () => unknown)());
  const schema = ref as Ref;
  // A reference with traits of its own, or a simple shape with a name.
  if (Array.isArray(schema) && typeof schema[0] !== 'number') return resolve(schema[0]);
  return Array.isArray(schema) && schema[0] === 0 ? resolve(schema[4]) : schema;
}

const SIMPLE: Readonly<Record<number, Shape['kind']>> = {
  0: 'string',
  1: 'integer',
  2: 'boolean',
  4: 'timestamp',
  21: 'blob',
  64: 'list',
  128: 'map',
};

function kindOf(ref: unknown): Shape['kind'] {
  const schema = resolve(ref);
  if (typeof schema === 'number') return SIMPLE[schema] ?? 'structure';
  return Array.isArray(schema) && schema[0] === LIST ? 'list' : 'structure';
}

/** In botocore 1.44.5; the installed SDK is older.  */
const NEWER_THAN_THE_SDK = ['ResourceOwners'];

/** Checks one structure of ours against the SDK's, and what is nested in it. */
function agree(required: Members, optional: Members, schema: readonly unknown[]): void {
  const [, , , , names, types, requiredCount = 0] = schema as [0, 0, 0, 0, string[], unknown[], number?];
  const ours = Object.keys({ ...required, ...optional }).filter((name) => !NEWER_THAN_THE_SDK.includes(name));
  expect(ours.sort()).toEqual([...names].sort());
  expect(Object.keys(required).sort()).toEqual(names.slice(0, requiredCount).sort());
  for (const [name, shape] of Object.entries({ ...required, ...optional })) {
    if (NEWER_THAN_THE_SDK.includes(name)) continue;
    const type = types[names.indexOf(name)];
    expect(shape.kind, name).toBe(kindOf(type));
    const nested = resolve(type);
    if (shape.kind === 'structure') agree(shape.required, shape.optional, nested as readonly unknown[]);
    if (shape.kind === 'list' && shape.of.kind === 'structure') {
      agree(shape.of.required, shape.of.optional, resolve((nested as readonly unknown[])[4]) as readonly unknown[]);
    }
  }
}

const inSdk = Object.keys(exported)
  .filter((name) => /^[A-Z].*Command$/.test(name))
  .map((name) => name.replace(/Command$/, ''));

test('the operations are those of the SDK, all 56', () => {
  expect(Object.keys(OPERATIONS).sort()).toEqual(inSdk.sort());
  expect(inSdk).toHaveLength(56);
  expect(Object.keys(INPUTS).sort()).toEqual(inSdk.sort());
});

describe.each(Object.keys(OPERATIONS) as Operation[])('%s', (operation) => {
  test('has the members the SDK sends, of the same types, and the same ones are required', () => {
    const [, , , , input] = exported[`${operation}$`] as [0, 0, 0, 0, unknown];
    const schema = resolve(input) as readonly unknown[];
    expect(schema[0]).toBe(STRUCTURE);
    agree(INPUTS[operation].required, INPUTS[operation].optional, schema);
  });
});

/** Where two names share a set of words, one place of each is enough. */
const ENUMS: Readonly<Record<string, Shape | undefined>> = {
  KeySpec: INPUTS.CreateKey.optional['KeySpec'],
  CustomerMasterKeySpec: INPUTS.CreateKey.optional['CustomerMasterKeySpec'],
  KeyUsageType: INPUTS.CreateKey.optional['KeyUsage'],
  OriginType: INPUTS.CreateKey.optional['Origin'],
  DataKeySpec: INPUTS.GenerateDataKey.optional['KeySpec'],
  DataKeyPairSpec: INPUTS.GenerateDataKeyPair.required['KeyPairSpec'],
  EncryptionAlgorithmSpec: INPUTS.Encrypt.optional['EncryptionAlgorithm'],
  SigningAlgorithmSpec: INPUTS.Sign.required['SigningAlgorithm'],
  MessageType: INPUTS.Sign.optional['MessageType'],
  MacAlgorithmSpec: INPUTS.GenerateMac.required['MacAlgorithm'],
  KeyAgreementAlgorithmSpec: INPUTS.DeriveSharedSecret.required['KeyAgreementAlgorithm'],
  EncapsulationAlgorithmSpec: INPUTS.Encapsulate.required['EncapsulationAlgorithm'],
  AlgorithmSpec: INPUTS.GetParametersForImport.required['WrappingAlgorithm'],
  WrappingKeySpec: INPUTS.GetParametersForImport.required['WrappingKeySpec'],
  ExpirationModelType: INPUTS.ImportKeyMaterial.optional['ExpirationModel'],
  ImportType: INPUTS.ImportKeyMaterial.optional['ImportType'],
  IncludeKeyMaterial: INPUTS.ListKeyRotations.optional['IncludeKeyMaterial'],
  CustomKeyStoreType: INPUTS.CreateCustomKeyStore.optional['CustomKeyStoreType'],
  XksProxyConnectivityType: INPUTS.CreateCustomKeyStore.optional['XksProxyConnectivity'],
  GrantOperation: itemOf(INPUTS.CreateGrant.required['Operations']),
  DryRunModifierType: itemOf(INPUTS.Decrypt.optional['DryRunModifiers']),
};

function itemOf(shape: Shape | undefined): Shape | undefined {
  return shape?.kind === 'list' ? shape.of : undefined;
}

test.each(Object.keys(ENUMS))('%s has the words the SDK knows', (name) => {
  const shape = ENUMS[name];
  const words = shape?.kind === 'string' ? (shape.values ?? []) : [];
  expect([...words].sort()).toEqual(Object.values(exported[name] as Record<string, string>).sort());
});

test('the refusals of the model are those of the SDK', () => {
  const errors = Object.keys(exported)
    .filter((name) => name.endsWith('Exception$') && name !== 'KMSServiceException$')
    .map((name) => name.slice(0, -1));
  expect(Object.keys(MODELLED).sort()).toEqual(errors.sort());
});
