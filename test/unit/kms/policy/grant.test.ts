import { expect, test } from 'vitest';
import { granteesOf, type GrantFacts } from '../../../../src/kms/policy/index.ts';
import {
  ABROAD,
  APP_ROLE,
  ENABLES_IAM,
  HOME,
  ROOT_ARN,
  alice,
  allow,
  app,
  ask,
  bob,
  carol,
  iamPolicy,
  keyPolicy,
  root,
} from './cast.ts';

const policy = keyPolicy(ENABLES_IAM);
const grant = (grantee: string, rest: Partial<GrantFacts> = {}): { grants: readonly GrantFacts[] } => ({
  grants: [{ grantId: 'g-1', grantee, operations: ['Decrypt', 'DescribeKey', 'CreateGrant', 'Sign'], ...rest }],
});
const it = { Department: 'IT' };

test('a grant allows its grantee by itself, and is what the event records', () => {
  expect(ask(alice, policy, grant(alice.arn))).toEqual({
    allowed: true,
    decision: { effect: 'allow', by: 'grant', grantId: 'g-1' },
  });
});

test('a grant is for nobody else', () => expect(ask(bob, policy, grant(alice.arn)).allowed).toBe(false));

test('a grant gives the operations it lists', () => {
  expect(ask(alice, policy, { ...grant(alice.arn), action: 'kms:Encrypt' }).allowed).toBe(false);
  expect(ask(alice, policy, { ...grant(alice.arn), action: 'kms:DescribeKey' }).allowed).toBe(true);
});

test.each(['RevokeGrant', 'ListGrants', 'PutKeyPolicy', 'ScheduleKeyDeletion'])('no grant gives %s', (operation) => {
  expect(
    ask(alice, policy, { ...grant(alice.arn, { operations: [operation] }), action: `kms:${operation}` }).allowed,
  ).toBe(false);
});

test('a grant to a role is for its sessions, one to a session for that session', () => {
  expect(ask(app, policy, grant(APP_ROLE)).allowed).toBe(true);
  expect(ask(app, policy, grant(app.arn)).allowed).toBe(true);
  expect(ask({ ...app, arn: `${app.arn}9` }, policy, grant(app.arn)).allowed).toBe(false);
});

test('a grant to a role stays within the boundary and the session policies, one to a user does not need to', () => {
  const nothing = iamPolicy(allow('s3:*'));
  expect(ask(app, policy, { ...grant(APP_ROLE), permissionBoundary: nothing }).allowed).toBe(false);
  expect(ask(app, policy, { ...grant(APP_ROLE), sessionPolicies: [nothing] }).allowed).toBe(false);
  expect(ask(alice, policy, { ...grant(alice.arn), permissionBoundary: nothing }).allowed).toBe(true);
});

test('a grant to an account is for its root, and for those whom its IAM allows', () => {
  const bare = keyPolicy(allow('kms:*', { Principal: { AWS: bob.arn } }));
  expect(ask(root, bare, grant(ROOT_ARN)).allowed).toBe(true);
  expect(ask(alice, bare, grant(ROOT_ARN)).allowed).toBe(false);
  expect(
    ask(alice, bare, { ...grant(ROOT_ARN), identityPolicies: [iamPolicy(allow('kms:Decrypt'))] }).decision.by,
  ).toBe('grant');
});

test('a grant reaches into another account without IAM there', () => {
  expect(ask(carol, policy, grant(carol.arn)).allowed).toBe(true);
});

test('a second grant counts where the first does not', () => {
  const grants = [...grant(bob.arn).grants, ...grant(alice.arn, { grantId: 'g-2' }).grants];
  expect(ask(alice, policy, { grants }).decision.grantId).toBe('g-2');
});

test.each<[string, GrantFacts['constraints'], Record<string, string> | undefined, boolean]>([
  ['equals the encryption context', { encryptionContextEquals: it }, it, true],
  ['lacks a pair that the request has', { encryptionContextEquals: it }, { ...it, Purpose: 'Test' }, false],
  ['differs in the case of a key', { encryptionContextEquals: it }, { department: 'IT' }, false],
  ['differs in a value', { encryptionContextEquals: it }, { Department: 'HR' }, false],
  ['meets a request without encryption context', { encryptionContextEquals: it }, undefined, false],
  ['is a subset of the encryption context', { encryptionContextSubset: it }, { ...it, Purpose: 'Test' }, true],
  ['is no subset of it', { encryptionContextSubset: it }, { Purpose: 'Test' }, false],
  ['names a member that every object inherits', { encryptionContextSubset: { constructor: 'x' } }, it, false],
  ['is an empty map, and so no constraint', { encryptionContextEquals: {} }, it, true],
])('a constraint that %s', (_, constraints, encryptionContext, allowed) => {
  const facts = encryptionContext === undefined ? {} : { encryptionContext };
  expect(
    ask(alice, policy, { ...grant(alice.arn, constraints === undefined ? {} : { constraints }), facts }).allowed,
  ).toBe(allowed);
});

test('a constraint is ignored for DescribeKey and CreateGrant, and cannot be met where there is no encryption context', () => {
  const constrained = grant(alice.arn, { constraints: { encryptionContextEquals: it } });
  expect(ask(alice, policy, { ...constrained, action: 'kms:DescribeKey' }).allowed).toBe(true);
  expect(ask(alice, policy, { ...constrained, action: 'kms:CreateGrant' }).allowed).toBe(true);
  expect(ask(alice, policy, { ...constrained, action: 'kms:Sign', facts: { encryptionContext: it } }).allowed).toBe(
    false,
  );
});

test('the grants of a principal are found under its ARN, its role and its account', () => {
  expect(granteesOf(app)).toEqual([app.arn, APP_ROLE, `arn:aws:iam::${HOME}:root`]);
  expect(granteesOf(root)).toEqual([ROOT_ARN]);
  expect(granteesOf({ arn: `arn:aws-cn:iam::${ABROAD}:user/li`, account: ABROAD, type: 'user' })).toContain(
    `arn:aws-cn:iam::${ABROAD}:root`,
  );
});
