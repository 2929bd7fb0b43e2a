import { describe, expect, test } from 'vitest';
import {
  MAX_POLICY_BYTES,
  defaultKeyPolicy,
  ineffectiveStatements,
  namedPrincipals,
  parsePolicy,
} from '../../../../src/kms/policy/index.ts';
import { ENABLES_IAM, HOME, ROOT_ARN, alice, allow, app, to, type Element } from './cast.ts';

const wrap = (statement: unknown, rest: Element = {}): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statement, ...rest });
const keyStatement = (rest: Element): string => wrap({ ...allow('kms:*', to(alice.arn)), ...rest });
const INVALID_PRINCIPALS = 'Policy contains a statement with one or more invalid principals.';

describe('a key policy is accepted', () => {
  test('in the form that AWS gives to a new key', () => {
    expect(parsePolicy(defaultKeyPolicy(HOME), 'key')).toEqual({
      ok: true,
      policy: {
        kind: 'key',
        version: '2012-10-17',
        id: 'key-default-1',
        statements: [
          {
            label: 'Enable IAM User Permissions',
            effect: 'Allow',
            principals: { negated: false, anyone: false, accounts: [HOME], arns: [], services: [], federated: [] },
            actions: { negated: false, patterns: ['kms:*'] },
            resources: { negated: false, patterns: ['*'] },
            conditions: [],
          },
        ],
      },
    });
  });

  test.each([
    ['with one statement that is no list', wrap(ENABLES_IAM)],
    ['with two statements of the same Sid', wrap([ENABLES_IAM, ENABLES_IAM])],
    ['with spaces in a Sid', keyStatement({ Sid: 'Allow use of the key' })],
    ['without a version', JSON.stringify({ Statement: [ENABLES_IAM] })],
    ['with an account by its number', keyStatement(to(HOME))],
    ['with a role session', keyStatement(to(app.arn))],
    ['with a federated user', keyStatement(to(`arn:aws:sts::${HOME}:federated-user/dora`))],
    ['of another partition', keyStatement(to(`arn:aws-us-gov:iam::${HOME}:role/x`))],
    ['with a service', keyStatement({ Principal: { Service: ['s3.amazonaws.com', 'logs.eu-west-1.amazonaws.com'] } })],
    ['without Resource', wrap({ Effect: 'Allow', Action: 'kms:*', ...to(alice.arn) })],
    ['without Action', wrap({ Effect: 'Allow', Resource: '*', ...to(alice.arn) })],
    [
      'with a condition on a bare boolean',
      keyStatement({ Condition: { Bool: { 'kms:GrantIsForAWSResource': true } } }),
    ],
    [
      'with a condition on a bare number',
      keyStatement({ Condition: { NumericLessThan: { 'kms:RotationPeriodInDays': 365 } } }),
    ],
    ['of exactly 32 KiB', keyStatement({}).padEnd(MAX_POLICY_BYTES, ' ')],
    ['with an escaped quote before a colon', keyStatement({ Sid: 'a": "b' })],
  ])('%s', (_, text) => expect(parsePolicy(text, 'key')).toMatchObject({ ok: true }));
});

describe('a key policy is refused', () => {
  test.each([
    ['that is no JSON', '{"Statement": [', 'This policy contains invalid Json'],
    ['that is no object', '[]', 'Syntax errors in policy.'],
    ['with an element twice', '{"Statement": [], "Statement": []}', 'Duplicate element Statement in policy'],
    [
      'with an element twice, once written with an escape',
      '{"Id": "a", "\\u0049d": "b"}',
      'Duplicate element Id in policy',
    ],
    [
      'with a condition key twice',
      keyStatement({}).replace('"Resource"', '"Condition":{"Bool":{"a:b":"true","a:b":"false"}},"Resource"'),
      'Duplicate element a:b in policy',
    ],
    [
      'nested without end',
      `{"Statement":${'['.repeat(40)}${']'.repeat(40)}}`,
      'This policy contains too many nested elements',
    ],
    [
      'with an unknown version',
      wrap(ENABLES_IAM, { Version: '2020-01-01' }),
      'The policy must contain a valid version string.',
    ],
    [
      'with an unknown element',
      wrap(ENABLES_IAM, { Comment: 'hi' }),
      'Syntax errors in policy: unknown element Comment.',
    ],
    [
      'with an unknown element in a statement',
      keyStatement({ Actions: 'kms:*' }),
      'Syntax errors in policy: unknown element Actions.',
    ],
    [
      'with a member that objects inherit',
      `{"__proto__": {}, "Statement": ${JSON.stringify(ENABLES_IAM)}}`,
      'Syntax errors in policy: unknown element __proto__.',
    ],
    ['without a statement', '{"Version":"2012-10-17"}', 'Missing required field Statement.'],
    ['with an empty list of statements', wrap([]), 'Policy document must contain at least one statement.'],
    ['without an effect', wrap({ Action: 'kms:*', Resource: '*', ...to(alice.arn) }), 'Missing required field Effect.'],
    ['with an effect in lower case', keyStatement({ Effect: 'allow' }), 'Invalid effect: it must be Allow or Deny.'],
    ['without a principal', wrap(allow('kms:*')), 'Missing required field Principal.'],
    [
      'with Principal and NotPrincipal',
      keyStatement({ NotPrincipal: '*' }),
      'Statement must contain either Principal or NotPrincipal, not both.',
    ],
    [
      'with Action and NotAction',
      keyStatement({ NotAction: 'kms:Encrypt' }),
      'Statement must contain either Action or NotAction, not both.',
    ],
    [
      'with Resource and NotResource',
      keyStatement({ NotResource: '*' }),
      'Statement must contain either Resource or NotResource, not both.',
    ],
    [
      'with an action of no service',
      keyStatement({ Action: 'Encrypt' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [
      'with an empty list of actions',
      keyStatement({ Action: [] }),
      'Syntax errors in policy: Action must be a string or a list of strings.',
    ],
    [
      'with a number for an action',
      keyStatement({ Action: ['kms:*', 1] }),
      'Syntax errors in policy: Action must be a string or a list of strings.',
    ],
    [
      'with a resource that is no ARN',
      keyStatement({ Resource: 'key/*' }),
      'Resource key/* must be in ARN format or "*".',
    ],
    ['with a principal as a plain string', keyStatement({ Principal: alice.arn }), INVALID_PRINCIPALS],
    ['with part of a principal as a wildcard', keyStatement(to(`arn:aws:iam::${HOME}:user/*`)), INVALID_PRINCIPALS],
    ['with a group as a principal', keyStatement(to(`arn:aws:iam::${HOME}:group/admins`)), INVALID_PRINCIPALS],
    ['with the id of a deleted principal', keyStatement(to('AIDACKCEVSQ6C2EXAMPLE')), INVALID_PRINCIPALS],
    ['with an account of eleven digits', keyStatement(to('11112222333')), INVALID_PRINCIPALS],
    ['with a canonical user', keyStatement({ Principal: { CanonicalUser: 'x' } }), INVALID_PRINCIPALS],
    ['with an empty map of principals', keyStatement({ Principal: {} }), INVALID_PRINCIPALS],
    ['with an empty list of principals', keyStatement(to()), INVALID_PRINCIPALS],
    ['with a Sid that is no string', keyStatement({ Sid: 7 }), 'Syntax errors in policy: Sid must be a string.'],
    [
      'with characters outside of Latin-1',
      keyStatement({ Sid: 'ключ' }),
      'The policy contains characters outside of Latin-1.',
    ],
    [
      'with an unknown operator',
      keyStatement({ Condition: { StringMatches: { 'a:b': 'c' } } }),
      'Invalid Condition type : StringMatches.',
    ],
    [
      'with NullIfExists',
      keyStatement({ Condition: { NullIfExists: { 'a:b': 'true' } } }),
      'Invalid Condition type : NullIfExists.',
    ],
    [
      'with an operator that objects inherit',
      keyStatement({ Condition: { constructor: { 'a:b': 'c' } } }),
      'Invalid Condition type : constructor.',
    ],
    [
      'with a condition key of no service',
      keyStatement({ Condition: { StringEquals: { SourceIp: 'c' } } }),
      'Invalid condition key: SourceIp.',
    ],
    [
      'with null for a condition value',
      keyStatement({ Condition: { StringEquals: { 'a:b': null } } }),
      'Syntax errors in policy: invalid value for the condition key a:b.',
    ],
    [
      'with an address that is none',
      keyStatement({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }),
      'Invalid value for the condition operator IpAddress: 10.0.0.0/33.',
    ],
    [
      'with a day that does not exist',
      keyStatement({ Condition: { DateLessThan: { 'aws:CurrentTime': '2026-02-30' } } }),
      'Invalid value for the condition operator DateLessThan: 2026-02-30.',
    ],
    [
      'with a number that is none',
      keyStatement({ Condition: { NumericEquals: { 'a:b': 'ten' } } }),
      'Invalid value for the condition operator NumericEquals: ten.',
    ],
    [
      'with a truth that is none',
      keyStatement({ Condition: { Bool: { 'a:b': 'maybe' } } }),
      'Invalid value for the condition operator Bool: maybe.',
    ],
  ])('%s', (_, text, message) => expect(parsePolicy(text, 'key')).toEqual({ ok: false, message, reason: 'malformed' }));

  test.each(['kms:EncryptionContext:AppName', 'aws:RequestTag/Team'])(
    'with ForAllValues on the single-valued key %s',
    (key) => {
      const parsed = parsePolicy(keyStatement({ Condition: { 'ForAllValues:StringEquals': { [key]: 'x' } } }), 'key');
      expect(parsed).toMatchObject({
        ok: false,
        message: expect.stringMatching(/^OverlyPermissiveCondition: Using the ForAllValues/) as string,
      });
    },
  );

  test('of more than 32 KiB, as too large, counted in bytes', () => {
    expect(parsePolicy(keyStatement({}).padEnd(MAX_POLICY_BYTES + 1, ' '), 'key')).toMatchObject({
      ok: false,
      reason: 'too-large',
    });
    expect(parsePolicy(keyStatement({ Sid: 'é'.repeat(MAX_POLICY_BYTES / 2) }), 'key')).toMatchObject({
      ok: false,
      reason: 'too-large',
    });
  });
});

describe('an identity policy', () => {
  test('has no principal', () => {
    expect(parsePolicy(wrap(ENABLES_IAM), 'identity')).toMatchObject({
      ok: false,
      message: 'Policy document should not specify a principal.',
    });
    expect(parsePolicy(wrap(allow('kms:*')), 'identity')).toMatchObject({ ok: true });
  });

  test.each([
    ['an action', { Effect: 'Allow', Resource: '*' }, 'Policy statement must contain actions.'],
    ['a resource', { Effect: 'Allow', Action: '*' }, 'Policy statement must contain resources.'],
  ])('needs %s', (_, statement, message) =>
    expect(parsePolicy(wrap(statement), 'identity')).toMatchObject({ ok: false, message }),
  );

  test('has Sids that are alphanumeric and unique', () => {
    expect(parsePolicy(wrap(allow('*', { Sid: 'with space' })), 'identity').ok).toBe(false);
    expect(parsePolicy(wrap([allow('*', { Sid: 'A' }), allow('*', { Sid: 'A' })]), 'identity').ok).toBe(false);
    expect(parsePolicy(wrap([allow('*'), allow('*')]), 'identity').ok).toBe(true);
  });
});

test('a policy tells whom it names and which of its statements never apply', () => {
  const text = wrap([
    { Effect: 'Allow', Action: 'kms:*', ...to(alice.arn, ROOT_ARN) },
    { Effect: 'Deny', Sid: 'Odd', Resource: '*', ...to(alice.arn, app.arn) },
  ]);
  const parsed = parsePolicy(text, 'key');
  if (!parsed.ok) expect.fail(parsed.message);
  expect(namedPrincipals(parsed.policy)).toEqual([alice.arn, app.arn]);
  expect(ineffectiveStatements(parsed.policy)).toEqual([
    { label: '#1', lacks: 'Resource' },
    { label: 'Odd', lacks: 'Action' },
  ]);
});

test('a Sid is recorded up to the length that events have room for', () => {
  const parsed = parsePolicy(keyStatement({ Sid: 's'.repeat(1000) }), 'key');
  expect(parsed.ok && parsed.policy.statements[0]!.label).toHaveLength(256);
});
