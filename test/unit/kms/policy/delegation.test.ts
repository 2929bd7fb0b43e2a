import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayHandOn, type GrantFacts, type GrantTerms } from '../../../../src/kms/policy/index.ts';
import { ENABLES_IAM, alice, ask, bob, keyPolicy } from './cast.ts';

const policy = keyPolicy(ENABLES_IAM);
const OPERATIONS = ['CreateGrant', 'Decrypt', 'DescribeKey', 'Encrypt', 'RetireGrant', 'Sign'];
const pairs = fc.dictionary(fc.constantFrom('a', 'b', 'A', 'toString'), fc.constantFrom('1', '2'), { maxKeys: 3 });
const constraints = fc.record({ encryptionContextEquals: pairs, encryptionContextSubset: pairs }, { requiredKeys: [] });
const terms: fc.Arbitrary<GrantTerms> = fc.record(
  { operations: fc.uniqueArray(fc.constantFrom(...OPERATIONS), { minLength: 1 }), constraints },
  { requiredKeys: ['operations'] },
);
const given = (grantId: string, grantee: string, its: GrantTerms): GrantFacts => ({ grantId, grantee, ...its });

test('whatever a grant made by a grant allows, its parent allows, in every encryption context', () => {
  let handedOn = 0;
  fc.assert(
    fc.property(terms, terms, fc.constantFrom(...OPERATIONS), pairs, (parent, child, operation, encryptionContext) => {
      const father = given('p', alice.arn, {
        ...parent,
        operations: [...new Set([...parent.operations, 'CreateGrant'])],
      });
      if (!mayHandOn(father, child)) return;
      handedOn += 1;
      const asked = { action: `kms:${operation}`, facts: { encryptionContext } };
      const { allowed: childAllows } = ask(bob, policy, { ...asked, grants: [given('c', bob.arn, child)] });
      const { allowed: parentAllows } = ask(alice, policy, { ...asked, grants: [father] });
      expect(childAllows && !parentAllows).toBe(false);
    }),
    { numRuns: 5_000 },
  );
  expect(handedOn).toBeGreaterThan(200);
});

test('a grant hands on itself, but only if it gives CreateGrant', () => {
  fc.assert(
    fc.property(terms, (its) => {
      expect(mayHandOn(given('p', alice.arn, its), its)).toBe(its.operations.includes('CreateGrant'));
    }),
  );
});

test.each([
  [{ encryptionContextEquals: { a: '1' } }, undefined, false],
  [{ encryptionContextEquals: { a: '1' } }, { encryptionContextSubset: { a: '1' } }, false],
  [{ encryptionContextEquals: { a: '1' } }, { encryptionContextEquals: { a: '1', b: '2' } }, false],
  [{ encryptionContextEquals: { a: '1' } }, { encryptionContextEquals: { a: '1' } }, true],
  [{ encryptionContextSubset: { a: '1' } }, { encryptionContextSubset: { a: '2' } }, false],
  [{ encryptionContextSubset: { a: '1' } }, { encryptionContextSubset: { a: '1', b: '2' } }, true],
  [{ encryptionContextSubset: { a: '1' } }, { encryptionContextEquals: { a: '1', b: '2' } }, true],
  [undefined, { encryptionContextEquals: { a: '1' } }, true],
])('under %j a grant under %j may be made: %s', (parent, child, may) => {
  const operations = ['CreateGrant', 'Decrypt'];
  const father = given('p', alice.arn, { operations, ...(parent === undefined ? {} : { constraints: parent }) });
  expect(mayHandOn(father, { operations, ...(child === undefined ? {} : { constraints: child }) })).toBe(may);
});
