import { describe, expect, test } from 'vitest';
import {
  actionNamed,
  authorise,
  conditionContext,
  keepsCallerIn,
  type Authorisation,
} from '../../../../src/kms/policy/index.ts';
import {
  ABROAD,
  APP_ROLE,
  ENABLES_IAM,
  HOME,
  IAM_DIGEST,
  KEY,
  KEY_DIGEST,
  ROOT_ARN,
  alice,
  allow,
  app,
  ask,
  askIam,
  bob,
  carol,
  deny,
  foreignRoot,
  iamPolicy,
  keyPolicy,
  root,
  to,
} from './cast.ts';

const yes = (answer: Authorisation): void => expect(answer).toMatchObject({ allowed: true });
const no = (answer: Authorisation, denial: 'explicit' | 'implicit' = 'implicit'): void =>
  expect(answer).toMatchObject({ allowed: false, denial });

describe('in the account of the key', () => {
  test('nobody may use a key whose policy names nobody, not even the root of the account', () => {
    const policy = keyPolicy(allow('kms:*', to(bob.arn)));
    no(ask(alice, policy, { identityPolicies: [iamPolicy(allow('kms:*'))] }));
    no(ask(root, policy));
  });

  test('a user whom the key policy names needs no IAM policy', () => {
    expect(ask(alice, keyPolicy(allow('kms:Decrypt', { Sid: 'Use', ...to(alice.arn) })))).toEqual({
      allowed: true,
      decision: { effect: 'allow', by: 'key-policy', sid: 'Use', policyDigest: KEY_DIGEST },
    });
  });

  test('the account statement lets IAM policies allow, and the IAM statement is the one recorded', () => {
    expect(
      ask(alice, keyPolicy(ENABLES_IAM), { identityPolicies: [iamPolicy(allow('kms:Decrypt', { Sid: 'Reader' }))] }),
    ).toEqual({
      allowed: true,
      decision: { effect: 'allow', by: 'iam-policy', sid: 'Reader', policyDigest: IAM_DIGEST },
    });
  });

  test('the account statement alone allows no user', () => no(ask(alice, keyPolicy(ENABLES_IAM))));

  test('the account statement enables IAM for the actions it lists and no others', () => {
    const policy = keyPolicy(allow(['kms:Decrypt', 'kms:Describe*'], to(HOME)));
    const identityPolicies = [iamPolicy(allow('kms:*'))];
    yes(ask(alice, policy, { identityPolicies }));
    yes(ask(alice, policy, { identityPolicies, action: 'kms:DescribeKey' }));
    no(ask(alice, policy, { identityPolicies, action: 'kms:Encrypt' }));
  });

  test('the root user has what the account statement gives, without any IAM policy', () => {
    expect(ask(root, keyPolicy(ENABLES_IAM)).decision).toEqual({
      effect: 'allow',
      by: 'key-policy',
      sid: 'EnableIAM',
      policyDigest: KEY_DIGEST,
    });
    no(ask(root, keyPolicy(allow('kms:DescribeKey', to(ROOT_ARN)))));
  });

  test('a statement without a Sid is recorded by its place', () => {
    expect(ask(alice, keyPolicy(ENABLES_IAM, allow('kms:*', to(alice.arn)))).decision.sid).toBe('#2');
  });

  test('everyone of the account is meant by a star, without IAM', () => {
    yes(ask(alice, keyPolicy(allow('kms:*', { Principal: '*' }))));
    yes(ask(app, keyPolicy(allow('kms:*', to('*')))));
  });

  test.each([
    ['a service', { Service: 's3.amazonaws.com' }],
    ['a federated provider', { Federated: 'cognito-identity.amazonaws.com' }],
    ['another account', { AWS: ABROAD }],
  ])('a statement for %s is not for a user', (_, principal) => {
    no(
      ask(alice, keyPolicy(allow('kms:*', { Principal: principal })), {
        identityPolicies: [iamPolicy(allow('kms:*'))],
      }),
    );
  });

  test('a role session is known by the ARN of its role and by its own', () => {
    yes(ask(app, keyPolicy(allow('kms:*', to(APP_ROLE)))));
    yes(ask(app, keyPolicy(allow('kms:*', to(app.arn)))));
    no(ask(app, keyPolicy(allow('kms:*', to(`arn:aws:sts::${HOME}:assumed-role/app/another`)))));
    no(ask(app, keyPolicy(allow('kms:*', to(`arn:aws:iam::${HOME}:role/app`)))));
  });

  test('names of principals are case-sensitive', () => {
    no(ask(alice, keyPolicy(allow('kms:*', to(`arn:aws:iam::${HOME}:user/Alice`)))));
  });

  test('a statement without Resource or Action has no effect', () => {
    const withoutResource = { Effect: 'Allow', Action: 'kms:*', ...to(alice.arn) };
    const withoutAction = { Effect: 'Deny', Resource: '*', ...to(alice.arn) };
    no(ask(alice, keyPolicy(withoutResource)));
    yes(ask(alice, keyPolicy(withoutAction, allow('kms:*', to(alice.arn)))));
  });

  test('a statement about another key does not apply', () => {
    no(ask(alice, keyPolicy(allow('kms:*', { ...to(alice.arn), Resource: KEY.replace('1234', '9999') }))));
    yes(ask(alice, keyPolicy(allow('kms:*', { ...to(alice.arn), Resource: KEY }))));
  });

  test('action names are not case-sensitive, and NotAction is everything else', () => {
    yes(ask(alice, keyPolicy(allow('KMS:dec*', to(alice.arn)))));
    const policy = keyPolicy({ Effect: 'Allow', NotAction: 'kms:Dec*', Resource: '*', ...to(alice.arn) });
    no(ask(alice, policy));
    yes(ask(alice, policy, { action: 'kms:Encrypt' }));
  });

  test('an action that KMS does not have yet is judged by the same patterns', () => {
    yes(ask(alice, keyPolicy(allow('kms:Tele*', to(alice.arn))), { action: 'kms:TeleportKey' }));
    no(ask(alice, keyPolicy(allow('kms:Decrypt', to(alice.arn))), { action: 'kms:TeleportKey' }));
  });
});

describe('an explicit denial wins', () => {
  const allowsAlice = keyPolicy(allow('kms:*', to(alice.arn)));

  test('in the key policy, over an allow in the same policy', () => {
    expect(
      ask(alice, keyPolicy(allow('kms:*', to(alice.arn)), deny('kms:Decrypt', { Sid: 'No', Principal: '*' }))),
    ).toEqual({
      allowed: false,
      decision: { effect: 'deny', by: 'key-policy', sid: 'No', policyDigest: KEY_DIGEST },
      denial: 'explicit',
    });
  });

  test('in the key policy, for everybody of the account that it names', () => {
    no(ask(alice, keyPolicy(allow('kms:*', to(alice.arn)), deny('kms:*', to(ROOT_ARN)))), 'explicit');
  });

  test('in an IAM policy, although the key policy names the user', () => {
    const answer = ask(alice, allowsAlice, {
      identityPolicies: [iamPolicy(allow('kms:*'), deny('kms:*', { Sid: 'Frozen' }))],
    });
    expect(answer.decision).toEqual({ effect: 'deny', by: 'iam-policy', sid: 'Frozen', policyDigest: IAM_DIGEST });
  });

  test('in a permission boundary and in a session policy, and is recorded as theirs', () => {
    const frozen = iamPolicy(allow('kms:*'), deny('kms:Decrypt', { Sid: 'Frozen' }));
    expect(ask(alice, allowsAlice, { permissionBoundary: frozen }).decision).toMatchObject({
      by: 'permission-boundary',
      sid: 'Frozen',
    });
    expect(ask(alice, allowsAlice, { sessionPolicies: [frozen] }).decision).toMatchObject({
      by: 'session-policy',
      sid: 'Frozen',
    });
  });

  test('over a grant', () => {
    const grants = [{ grantId: 'g', grantee: alice.arn, operations: ['Decrypt'] }];
    no(ask(alice, keyPolicy(deny('kms:Decrypt', { Principal: '*' })), { grants }), 'explicit');
  });

  test('over the root user', () =>
    no(ask(root, keyPolicy(ENABLES_IAM, deny('kms:*', { Principal: '*' }))), 'explicit'));

  test('only while its conditions hold', () => {
    const policy = keyPolicy(
      allow('kms:*', to(alice.arn)),
      deny('kms:*', { Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    no(ask(alice, policy, { facts: { secureTransport: false } }), 'explicit');
    yes(ask(alice, policy, { facts: { secureTransport: true } }));
  });
});

describe('NotPrincipal', () => {
  const denyBut = (...arns: readonly string[]): ReturnType<typeof keyPolicy> =>
    keyPolicy(allow('kms:*', { Principal: '*' }), {
      Effect: 'Deny',
      NotPrincipal: { AWS: arns },
      Action: 'kms:*',
      Resource: '*',
    });

  test('spares the user who is listed with his account, and nobody else of that account', () => {
    yes(ask(alice, denyBut(alice.arn, ROOT_ARN)));
    no(ask(bob, denyBut(alice.arn, ROOT_ARN)), 'explicit');
  });

  test('denies a user who is listed without his account', () => no(ask(alice, denyBut(alice.arn)), 'explicit'));

  test('spares the session that is listed with its role and its account, and no other session of the role', () => {
    const policy = denyBut(app.arn, APP_ROLE, ROOT_ARN);
    yes(ask(app, policy));
    no(ask({ ...app, arn: `${app.arn}9` }, policy), 'explicit');
    no(ask(app, denyBut(APP_ROLE, ROOT_ARN)), 'explicit');
  });

  test('spares the root user who is listed', () => yes(ask(root, denyBut(ROOT_ARN))));

  test('with Allow, leaves out whoever is covered at all', () => {
    const policy = keyPolicy({ Effect: 'Allow', NotPrincipal: { AWS: alice.arn }, Action: 'kms:*', Resource: '*' });
    no(ask(alice, policy));
    yes(ask(bob, policy));
  });
});

describe('across accounts', () => {
  const forCarol = keyPolicy(allow('kms:*', { Sid: 'Guests', ...to(carol.arn) }));
  const everything = [iamPolicy(allow('kms:*'))];

  test('the key policy and the IAM of the caller must both allow', () => {
    no(ask(carol, forCarol));
    no(ask(carol, keyPolicy(ENABLES_IAM), { identityPolicies: everything }));
    expect(ask(carol, forCarol, { identityPolicies: everything }).decision).toMatchObject({
      by: 'key-policy',
      sid: 'Guests',
    });
  });

  test('the key policy may name the whole account', () => {
    yes(ask(carol, keyPolicy(allow('kms:Decrypt', to(ABROAD))), { identityPolicies: everything }));
    yes(ask(foreignRoot, keyPolicy(allow('kms:Decrypt', to(ABROAD)))));
  });

  test('a star does not spare the caller his own IAM', () => {
    no(ask(carol, keyPolicy(allow('kms:*', { Principal: '*' }))));
  });

  test('IAM that speaks of other keys does not count', () => {
    no(
      ask(carol, forCarol, {
        identityPolicies: [iamPolicy(allow('kms:*', { Resource: `arn:aws:kms:*:${ABROAD}:key/*` }))],
      }),
    );
    yes(
      ask(carol, forCarol, {
        identityPolicies: [iamPolicy(allow('kms:*', { Resource: `arn:aws:kms:*:${HOME}:key/*` }))],
      }),
    );
  });

  test.each([
    'Encrypt',
    'Decrypt',
    'ReEncryptFrom',
    'ReEncryptTo',
    'GenerateDataKeyPair',
    'Sign',
    'Decapsulate',
    'DescribeKey',
    'CreateGrant',
    'GetKeyRotationStatus',
    'RetireGrant',
  ])('%s is open to other accounts', (operation) =>
    yes(ask(carol, forCarol, { identityPolicies: everything, action: `kms:${operation}` })),
  );

  test.each([
    'PutKeyPolicy',
    'GetKeyPolicy',
    'ScheduleKeyDeletion',
    'DisableKey',
    'TagResource',
    'ListKeyRotations',
    'GetKeyLastUsage',
    'Nonsense',
  ])('%s is not, whatever the policies say', (operation) => {
    no(ask(carol, forCarol, { identityPolicies: everything, action: `kms:${operation}` }));
    no(ask(foreignRoot, keyPolicy(allow('kms:*', { Principal: '*' })), { action: `kms:${operation}` }));
  });
});

describe('boundaries and sessions', () => {
  const enabled = keyPolicy(ENABLES_IAM);
  const everything = [iamPolicy(allow('kms:*'))];
  const nothing = iamPolicy(allow('s3:*'));

  test('bound what identity policies allow', () => {
    expect(ask(alice, enabled, { identityPolicies: everything, permissionBoundary: nothing })).toEqual({
      allowed: false,
      decision: { effect: 'deny', by: 'permission-boundary' },
      denial: 'implicit',
    });
    expect(ask(app, enabled, { identityPolicies: everything, sessionPolicies: [nothing] }).decision).toEqual({
      effect: 'deny',
      by: 'session-policy',
    });
  });

  test('allow nothing by themselves', () => {
    no(ask(alice, enabled, { permissionBoundary: iamPolicy(allow('kms:*')), sessionPolicies: everything }));
  });

  test('one session policy of several is enough, and none at all is no bound', () => {
    yes(
      ask(app, enabled, { identityPolicies: everything, sessionPolicies: [nothing, iamPolicy(allow('kms:Decrypt'))] }),
    );
    yes(ask(app, enabled, { identityPolicies: everything, sessionPolicies: [] }));
  });

  test('do not reach a user or a session that the key policy names', () => {
    yes(ask(alice, keyPolicy(allow('kms:*', to(alice.arn))), { permissionBoundary: nothing }));
    yes(ask(app, keyPolicy(allow('kms:*', to(app.arn))), { permissionBoundary: nothing, sessionPolicies: [nothing] }));
    yes(ask(app, keyPolicy(allow('kms:*', { Principal: '*' })), { sessionPolicies: [nothing] }));
  });

  test('do reach a session that the key policy names by its role', () => {
    const policy = keyPolicy(allow('kms:*', to(APP_ROLE)));
    no(ask(app, policy, { permissionBoundary: nothing }));
    no(ask(app, policy, { sessionPolicies: [nothing] }));
    yes(ask(app, policy, { sessionPolicies: everything, permissionBoundary: iamPolicy(allow('kms:Dec*')) }));
  });
});

describe('without a key', () => {
  test('IAM alone decides', () => {
    yes(askIam(alice, 'kms:CreateKey', [iamPolicy(allow('kms:CreateKey'))]));
    no(askIam(alice, 'kms:CreateKey', []));
    no(askIam(alice, 'kms:CreateKey', [iamPolicy(allow('kms:CreateKey')), iamPolicy(deny('kms:Create*'))]), 'explicit');
  });

  test('a statement about certain keys does not cover it', () => {
    no(askIam(alice, 'kms:ListKeys', [iamPolicy(allow('kms:*', { Resource: 'arn:aws:kms:*:*:key/*' }))]));
  });

  test('the root user may', () => {
    expect(askIam(root, 'kms:CreateKey', [])).toEqual({ allowed: true, decision: { effect: 'allow', by: 'implicit' } });
  });

  test('half a key is refused and does not fall to IAM alone', () => {
    const identityPolicies = [iamPolicy(allow('kms:*'))];
    no(askIam(alice, 'kms:Decrypt', identityPolicies, { resource: KEY, keyAccount: HOME }));
    no(askIam(alice, 'kms:Decrypt', identityPolicies, { resource: KEY, keyPolicy: keyPolicy(ENABLES_IAM) }));
  });

  test('a key policy in the place of an identity policy allows nothing', () => {
    no(askIam(alice, 'kms:CreateKey', [keyPolicy(allow('kms:*', to(bob.arn)))]));
  });
});

describe('the lockout safety check', () => {
  const request = (
    principal: typeof alice,
    identityPolicies: Parameters<typeof askIam>[2] = [],
  ): Parameters<typeof keepsCallerIn>[1] => ({
    principal,
    resource: KEY,
    keyAccount: HOME,
    identityPolicies,
    context: conditionContext({ principal }),
  });

  test('passes a policy under which the caller could put another', () => {
    expect(keepsCallerIn(keyPolicy(allow('kms:Put*', to(alice.arn))), request(alice))).toBe(true);
    expect(keepsCallerIn(keyPolicy(ENABLES_IAM), request(root))).toBe(true);
    expect(keepsCallerIn(keyPolicy(ENABLES_IAM), request(alice, [iamPolicy(allow('kms:PutKeyPolicy'))]))).toBe(true);
  });

  test('stops a policy that locks the caller out', () => {
    expect(keepsCallerIn(keyPolicy(allow('kms:*', to(bob.arn))), request(alice, [iamPolicy(allow('kms:*'))]))).toBe(
      false,
    );
    expect(keepsCallerIn(keyPolicy(allow('kms:Decrypt', to(alice.arn))), request(alice))).toBe(false);
    expect(keepsCallerIn(keyPolicy(ENABLES_IAM, deny('kms:Put*', { Principal: '*' })), request(root))).toBe(false);
    expect(keepsCallerIn(keyPolicy(ENABLES_IAM), request(alice))).toBe(false);
  });
});

test('answers are shared, so nobody can change them', () => {
  const answer = ask(alice, keyPolicy(allow('kms:*', to(alice.arn))));
  expect(Object.isFrozen(answer) && Object.isFrozen(answer.decision)).toBe(true);
});

test('every action has its place in the index, once', () => {
  expect(actionNamed('kms:Encrypt')).toBe(actionNamed('KMS:ENCRYPT'));
  expect(actionNamed('kms:ReEncrypt')).toBeUndefined();
  expect(() =>
    authorise({
      action: 'constructor',
      principal: alice,
      resource: '*',
      identityPolicies: [],
      context: conditionContext({ principal: alice }),
    }),
  ).not.toThrow();
});
