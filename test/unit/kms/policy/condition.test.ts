import { describe, expect, test } from 'vitest';
import { conditionContext, type ConditionFacts } from '../../../../src/kms/policy/index.ts';
import {
  HOME,
  KEY,
  alice,
  allow,
  app,
  ask,
  compileText,
  deny,
  iamPolicy,
  keyPolicy,
  root,
  to,
  ENABLES_IAM,
} from './cast.ts';

type Facts = Omit<ConditionFacts, 'principal'>;
type Value = string | readonly string[] | undefined;

/** Whether an Allow with one condition on `test:key` holds, where the request has that value for the key. */
function holds(operator: string, values: unknown, value: Value): boolean {
  const policy = keyPolicy(allow('kms:*', { ...to(alice.arn), Condition: { [operator]: { 'test:Key': values } } }));
  return ask(alice, policy, { facts: { parameters: { 'test:key': value } } }).allowed;
}

/** The same for a Deny: whether it hits. */
function hits(operator: string, values: unknown, value: Value): boolean {
  const policy = keyPolicy(
    allow('kms:*', to(alice.arn)),
    deny('kms:*', { ...to(alice.arn), Condition: { [operator]: { 'test:Key': values } } }),
  );
  return !ask(alice, policy, { facts: { parameters: { 'test:key': value } } }).allowed;
}

type Case = readonly [operator: string, values: unknown, request: Value, holds: boolean];
const cases: readonly Case[] = [
  ['StringEquals', 'a', 'a', true],
  ['StringEquals', 'a', 'A', false],
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', 'a*', 'ab', false],
  ['StringEquals', 'a', undefined, false],
  ['StringNotEquals', 'a', 'b', true],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', 'a', undefined, true],
  ['StringEqualsIgnoreCase', 'Abc', 'aBC', true],
  ['StringNotEqualsIgnoreCase', 'Abc', 'aBC', false],
  ['stringlike', 'a*c?', 'a--cd', true],
  ['StringLike', 'a*c?', 'a--c', false],
  ['StringLike', 'A*', 'abc', false],
  ['StringLike', '${*}', '*', true],
  ['StringLike', '${*}', 'x', false],
  ['StringNotLike', ['a*', 'b*'], 'b1', false],
  ['StringNotLike', ['a*', 'b*'], 'c1', true],
  ['NumericEquals', '10', '10.0', true],
  ['NumericNotEquals', 10, '11', true],
  ['NumericLessThan', '10', '9.99', true],
  ['NumericLessThan', '10', '10', false],
  ['NumericLessThanEquals', '10', '10', true],
  ['NumericGreaterThan', ['100', '5'], '6', true],
  ['NumericGreaterThanEquals', '7', '6', false],
  ['NumericLessThan', '10', 'few', false],
  ['NumericLessThan', '10', '', false],
  ['DateEquals', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z', true],
  ['DateEquals', '1767323045', '2026-01-02T03:04:05Z', true],
  ['DateNotEquals', '2026-01-02', '2026-01-03T00:00:00Z', true],
  ['DateLessThan', '2026-01-02T00:00:00+02:00', '2026-01-01T21:59:59Z', true],
  ['DateLessThan', '2026-01-02T00:00:00+02:00', '2026-01-01T22:00:00Z', false],
  ['DateLessThanEquals', '2026', '2026-01-01T00:00:00Z', true],
  ['DateGreaterThan', '2026-01', '2026-01-01T00:00:00.001Z', true],
  ['DateGreaterThanEquals', '2026-01-02', '2026-01-01T23:59:59Z', false],
  ['Bool', 'true', 'true', true],
  ['Bool', true, 'TRUE', true],
  ['Bool', 'true', 'false', false],
  ['Bool', 'false', undefined, false],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ6', false],
  ['IpAddress', '203.0.113.0/24', '203.0.113.255', true],
  ['IpAddress', '203.0.113.0/24', '203.0.114.0', false],
  ['IpAddress', '203.0.113.7', '203.0.113.7', true],
  ['IpAddress', '0.0.0.0/0', '::1', false],
  ['IpAddress', ['10.0.0.0/8', '2001:DB8:1234:5678::/64'], '2001:db8:1234:5678:9::1', true],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5679::1', false],
  ['IpAddress', '192.0.2.0/25', '::ffff:192.0.2.127', true],
  ['IpAddress', '10.0.0.0/8', 'not an address', false],
  ['NotIpAddress', '10.0.0.0/8', '11.0.0.1', true],
  ['NotIpAddress', '10.0.0.0/8', '10.255.0.1', false],
  ['NotIpAddress', '10.0.0.0/8', undefined, true],
  ['ArnEquals', 'arn:aws:iam::*:role/x*', 'arn:aws:iam::111122223333:role/xyz', true],
  [
    'ArnLike',
    'arn:aws:s3:*:111122223333:finance/*',
    'arn:aws:s3:us-east-2:999999999999:store/abc:111122223333:finance/doc',
    false,
  ],
  ['ArnLike', 'arn:aws:s3:::bucket:*', 'arn:aws:s3:::bucket:a:b', true],
  ['ArnNotLike', 'arn:aws:iam::*:role/x*', 'arn:aws:iam::111122223333:role/y', true],
  ['ArnNotEquals', 'arn:aws:iam::1:user/a', undefined, true],
  ['Null', 'true', undefined, true],
  ['Null', 'true', 'x', false],
  ['Null', false, 'x', true],
  ['Null', 'false', undefined, false],
  ['Null', 'true', [], true],
  ['StringEqualsIfExists', 'a', undefined, true],
  ['StringEqualsIfExists', 'a', 'b', false],
  ['BoolIfExists', 'true', undefined, true],
  ['StringNotEqualsIfExists', 'a', undefined, true],
  ['NumericLessThanIfExists', '1', '2', false],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', ['a', 'b'], undefined, true],
  ['ForAllValues:StringEquals', ['a', 'b'], '', true],
  ['ForAllValues:StringEquals', ['a', 'b'], [''], false],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'd'], true],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'a'], false],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'd'], false],
  ['ForAnyValue:StringEquals', 'a', undefined, false],
  ['ForAnyValue:StringNotEquals', 'a', undefined, false],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'c'], true],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
  ['forallvalues:StringLike', 'x*', ['x1', 'x2'], true],
];

describe('a condition holds', () => {
  test.each(cases.filter((row) => row[3]))('%s %j where the request has %j', (operator, values, value) => {
    expect(holds(operator, values, value)).toBe(true);
    expect(hits(operator, values, value)).toBe(true);
  });
});

describe('a condition does not hold', () => {
  test.each(cases.filter((row) => !row[3]))('%s %j where the request has %j', (operator, values, value) => {
    expect(holds(operator, values, value)).toBe(false);
    expect(hits(operator, values, value)).toBe(false);
  });
});

describe('where the documentation is silent, less is given', () => {
  test('a list without a set operator satisfies an Allow only as a whole, and is hit by a Deny in any part', () => {
    expect(holds('StringEquals', 'a', ['a', 'b'])).toBe(false);
    expect(holds('StringEquals', 'a', ['a', 'a'])).toBe(true);
    expect(hits('StringEquals', 'a', ['a', 'b'])).toBe(true);
    expect(hits('StringNotEquals', 'a', ['a', 'b'])).toBe(true);
  });

  test('ForAnyValue with IfExists allows nothing and denies all where the key is absent', () => {
    expect(holds('ForAnyValue:StringEqualsIfExists', 'a', undefined)).toBe(false);
    expect(hits('ForAnyValue:StringEqualsIfExists', 'a', undefined)).toBe(true);
  });
});

describe('conditions of one statement', () => {
  const policy = keyPolicy(
    allow('kms:*', {
      ...to(alice.arn),
      Condition: {
        StringEquals: { 'kms:EncryptionContext:Department': 'IT', 'kms:KeySpec': 'SYMMETRIC_DEFAULT' },
        Bool: { 'aws:SecureTransport': true },
      },
    }),
  );
  const good: Facts = {
    encryptionContext: { Department: 'IT', More: 'is allowed' },
    keySpec: 'SYMMETRIC_DEFAULT',
    secureTransport: true,
  };

  test('must all hold', () => {
    expect(ask(alice, policy, { facts: good }).allowed).toBe(true);
    expect(ask(alice, policy, { facts: { ...good, keySpec: 'RSA_2048' } }).allowed).toBe(false);
    expect(ask(alice, policy, { facts: { ...good, secureTransport: false } }).allowed).toBe(false);
    expect(ask(alice, policy, { facts: { keySpec: 'SYMMETRIC_DEFAULT', secureTransport: true } }).allowed).toBe(false);
  });

  test('compare the encryption context: its key in any case, its value exactly', () => {
    expect(ask(alice, policy, { facts: { ...good, encryptionContext: { dEPARTMENT: 'IT' } } }).allowed).toBe(true);
    expect(ask(alice, policy, { facts: { ...good, encryptionContext: { Department: 'it' } } }).allowed).toBe(false);
  });

  test('are not met by one of two encryption context keys that differ in case alone', () => {
    expect(
      ask(alice, policy, { facts: { ...good, encryptionContext: { Department: 'HR', department: 'IT' } } }).allowed,
    ).toBe(false);
  });
});

test('kms:ResourceAliases counts in IAM policies and not in key policies', () => {
  const Condition = { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/app' } };
  const facts = { resourceAliases: ['alias/app', 'alias/other'] };
  expect(ask(alice, keyPolicy(allow('kms:*', { ...to(alice.arn), Condition })), { facts }).allowed).toBe(false);
  expect(
    ask(alice, keyPolicy(ENABLES_IAM), { facts, identityPolicies: [iamPolicy(allow('kms:*', { Condition }))] }).allowed,
  ).toBe(true);
});

describe('policy variables', () => {
  const tagged = { ...alice, tags: { Team: 'blue', wild: '*' } };
  const may = (Condition: unknown, facts: Facts = {}): boolean =>
    ask(tagged, keyPolicy(allow('kms:*', { Principal: '*', Condition })), { facts }).allowed;

  test('stand for values of the request', () => {
    expect(
      may({ StringEquals: { 'aws:ResourceTag/Team': '${aws:PrincipalTag/Team}' } }, { resourceTags: { Team: 'blue' } }),
    ).toBe(true);
    expect(
      may({ StringEquals: { 'aws:ResourceTag/Team': '${aws:PrincipalTag/Team}' } }, { resourceTags: { Team: 'red' } }),
    ).toBe(false);
    expect(
      may({ StringLike: { 'kms:RequestAlias': 'alias/${aws:username}/*' } }, { requestAlias: 'alias/alice/db' }),
    ).toBe(true);
    expect(
      may({ StringLike: { 'kms:RequestAlias': 'alias/${aws:username}/*' } }, { requestAlias: 'alias/bob/db' }),
    ).toBe(false);
  });

  test('bring in no wildcards of their own', () => {
    expect(
      may({ StringLike: { 'kms:RequestAlias': 'alias/${aws:PrincipalTag/wild}' } }, { requestAlias: 'alias/any' }),
    ).toBe(false);
  });

  test('without a value match nothing, unless they have a default', () => {
    expect(
      may({ StringEquals: { 'aws:ResourceTag/T': '${aws:PrincipalTag/None}' } }, { resourceTags: { T: '' } }),
    ).toBe(false);
    expect(
      may({ StringNotEquals: { 'aws:ResourceTag/T': '${aws:PrincipalTag/None}' } }, { resourceTags: { T: 'x' } }),
    ).toBe(true);
    expect(
      may({ StringEquals: { 'aws:ResourceTag/T': "${aws:PrincipalTag/None, 'all'}" } }, { resourceTags: { T: 'all' } }),
    ).toBe(true);
  });

  test('are plain text in a policy without the newer version', () => {
    const text = (version: string): string =>
      JSON.stringify({
        Version: version,
        Statement: {
          ...allow('kms:*', { Principal: '*' }),
          Condition: { StringEquals: { 'kms:RequestAlias': '${aws:username}' } },
        },
      });
    expect(
      ask(alice, compileText(text('2008-10-17'), 'key'), { facts: { requestAlias: '${aws:username}' } }).allowed,
    ).toBe(true);
    expect(ask(alice, compileText(text('2012-10-17'), 'key'), { facts: { requestAlias: 'alice' } }).allowed).toBe(true);
  });

  test('work in resources, and their colons open no new component', () => {
    const sly = { ...alice, tags: { id: `eu-west-1:${HOME}` } };
    const policy = iamPolicy(allow('kms:*', { Resource: `arn:aws:kms:\${aws:PrincipalTag/id}:key/*` }));
    expect(ask(sly, keyPolicy(ENABLES_IAM), { identityPolicies: [policy] }).allowed).toBe(false);
    const byId = iamPolicy(allow('kms:*', { Resource: `arn:aws:kms:*:${HOME}:key/\${aws:PrincipalTag/id}` }));
    const owner = { ...alice, tags: { id: KEY.slice(KEY.indexOf('/') + 1) } };
    expect(ask(owner, keyPolicy(ENABLES_IAM), { identityPolicies: [byId] }).allowed).toBe(true);
  });
});

describe('the facts of a request', () => {
  const facts: ConditionFacts = {
    principal: { ...app, tags: { CostCentre: '42' }, uniqueId: 'AROAEXAMPLE:i-0abc' },
    timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    sourceIp: '192.0.2.1',
    multiFactorAuth: true,
    tokenIssueTimeMs: Date.UTC(2026, 0, 2),
    requestTags: { Team: 'blue', Stage: 'prod' },
    encryptionContext: { AppName: 'x', Stage: 'y' },
    viaService: 's3.eu-west-1.amazonaws.com',
    multiRegion: false,
    resourceAliases: ['alias/a'],
    parameters: { 'kms:grantoperations': ['Decrypt'], 'kms:keyspec': 'RSA_2048' },
    keySpec: 'SYMMETRIC_DEFAULT',
  };

  test.each([
    ['aws:principalarn', app.roleArn],
    ['aws:principalaccount', HOME],
    ['aws:principaltype', 'AssumedRole'],
    ['aws:principaltag/costcentre', '42'],
    ['aws:principalisawsservice', 'false'],
    ['aws:viaawsservice', 'true'],
    ['aws:userid', 'AROAEXAMPLE:i-0abc'],
    ['aws:username', undefined],
    ['aws:currenttime', '2026-01-02T03:04:05.678Z'],
    ['aws:epochtime', '1767323045'],
    ['aws:tokenissuetime', '2026-01-02T00:00:00.000Z'],
    ['aws:sourceip', '192.0.2.1'],
    ['aws:multifactorauthpresent', 'true'],
    ['aws:securetransport', undefined],
    ['aws:requesttag/team', 'blue'],
    ['aws:tagkeys', ['Team', 'Stage']],
    ['kms:encryptioncontext:appname', 'x'],
    ['kms:encryptioncontext:constructor', undefined],
    ['kms:encryptioncontextkeys', ['AppName', 'Stage']],
    ['kms:calleraccount', HOME],
    ['kms:viaservice', 's3.eu-west-1.amazonaws.com'],
    ['kms:multiregion', 'false'],
    ['kms:resourcealiases', ['alias/a']],
    ['kms:grantoperations', ['Decrypt']],
    ['kms:keyspec', 'RSA_2048'],
    ['kms:requestalias', undefined],
    ['tostring', undefined],
  ])('answer for %s', (key, value) => expect(conditionContext(facts).get(key)).toEqual(value));

  test('know a user by his name and the root by his account', () => {
    expect(
      conditionContext({ principal: { ...alice, arn: `arn:aws:iam::${HOME}:user/eng/alice` } }).get('aws:username'),
    ).toBe('alice');
    expect(conditionContext({ principal: root }).get('aws:userid')).toBe(HOME);
  });

  test('have no encryption context keys where the context is empty', () => {
    expect(
      conditionContext({ principal: alice, encryptionContext: {} }).get('kms:encryptioncontextkeys'),
    ).toBeUndefined();
  });
});
