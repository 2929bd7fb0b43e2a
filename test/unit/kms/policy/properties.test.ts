import fc from 'fast-check';
import { test } from 'vitest';
import { parsePolicy } from '../../../../src/kms/policy/index.ts';
import {
  ABROAD,
  APP_ROLE,
  HOME,
  KEY,
  ROOT_ARN,
  alice,
  app,
  ask,
  bob,
  carol,
  deny,
  iamPolicy,
  keyPolicy,
  root,
  type Ask,
  type Element,
} from './cast.ts';

const subset = <T>(...items: T[]): fc.Arbitrary<T[]> => fc.subarray(items, { minLength: 1 });
const effect = fc.constantFrom('Allow', 'Deny');
const action = subset('kms:*', 'kms:Decrypt', 'kms:Enc*', 'kms:GenerateDataKey?air', 's3:*');
const resource = fc.constantFrom('*', KEY, 'arn:aws:kms:*:*:key/*', KEY.replace('1234', '9999'));
const condition = fc.constantFrom<Element>(
  {},
  { Condition: { StringEquals: { 'kms:EncryptionContext:Dept': ['IT', 'HR'] } } },
  { Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
  { Condition: { StringNotLike: { 'aws:PrincipalArn': '*:user/*' } } },
  { Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['Dept'] } } },
);
const principals = fc.oneof(
  fc.constant<Element>({ Principal: '*' }),
  subset(alice.arn, bob.arn, carol.arn, APP_ROLE, app.arn, ROOT_ARN, ABROAD).map<Element>((AWS) => ({
    Principal: { AWS },
  })),
  subset(alice.arn, APP_ROLE, app.arn, HOME).map<Element>((AWS) => ({ NotPrincipal: { AWS } })),
  fc.constant<Element>({ Principal: { Service: 's3.amazonaws.com' } }),
);
const actions = fc.oneof(
  action.map<Element>((list) => ({ Action: list })),
  action.map<Element>((list) => ({ NotAction: list })),
);

const identityStatement = fc
  .tuple(effect, actions, resource, condition)
  .map<Element>(([Effect, does, Resource, when]) => ({ Effect, Resource, ...does, ...when }));
const keyStatement = fc
  .tuple(identityStatement, principals)
  .map<Element>(([statement, who]) => ({ ...statement, ...who }));
const keyStatements = fc.array(keyStatement, { minLength: 1, maxLength: 6 });
const identityStatements = fc.array(identityStatement, { minLength: 1, maxLength: 4 });

const caller = fc.constantFrom(root, alice, bob, app, carol);
const facts = fc.constantFrom<NonNullable<Ask['facts']>>(
  {},
  { secureTransport: true, encryptionContext: { Dept: 'IT' } },
  { secureTransport: false, encryptionContext: { dept: 'X', App: 'a' } },
);
const grants = fc.constantFrom([], [{ grantId: 'g', grantee: alice.arn, operations: ['Decrypt', 'Encrypt'] }]);
const question = fc.record({
  facts,
  grants,
  action: fc.constantFrom('kms:Decrypt', 'kms:Encrypt', 'kms:PutKeyPolicy'),
});

const outcome = ({ allowed, denial }: ReturnType<typeof ask>): string => `${String(allowed)} ${String(denial)}`;

test('a statement that denies everything to everyone wins over whatever else is said', () => {
  fc.assert(
    fc.property(keyStatements, identityStatements, caller, question, fc.nat(6), (statements, own, who, asked, at) => {
      const everything = deny('*', { Principal: '*' });
      const denied = keyPolicy(...statements.slice(0, at), everything, ...statements.slice(at));
      const ownDenied = iamPolicy(...own.slice(0, at), deny('*'), ...own.slice(at));
      const byKey = ask(who, denied, { ...asked, identityPolicies: [iamPolicy(...own)] });
      const byIam = ask(who, keyPolicy(...statements), { ...asked, identityPolicies: [ownDenied] });
      return byKey.denial === 'explicit' && byIam.denial === 'explicit';
    }),
  );
});

test('the order of statements and of policies does not matter', () => {
  const shuffled = <T>(items: fc.Arbitrary<T[]>): fc.Arbitrary<readonly [T[], T[]]> =>
    items.chain((list) =>
      fc
        .shuffledSubarray(list, { minLength: list.length, maxLength: list.length })
        .map((other) => [list, other] as const),
    );
  fc.assert(
    fc.property(shuffled(keyStatements), shuffled(identityStatements), caller, question, (ofKey, own, who, asked) => {
      const answers = [0, 1].map((which) => {
        const identityPolicies = own[which]!.map((statement) => iamPolicy(statement));
        return outcome(ask(who, keyPolicy(...ofKey[which]!), { ...asked, identityPolicies }));
      });
      return answers[0] === answers[1];
    }),
  );
});

test('a statement about other things changes nothing', () => {
  const unrelated = fc.constantFrom<Element>(
    { Action: 's3:*' },
    { Resource: KEY.replace('1234', '0000') },
    { Condition: { StringEquals: { 'aws:SourceIp': 'never' } } },
  );
  fc.assert(
    fc.property(
      keyStatements,
      identityStatements,
      keyStatement,
      unrelated,
      caller,
      question,
      (statements, own, extra, elsewhere, who, asked) => {
        const { Effect, Principal, NotPrincipal } = extra;
        const stray = { Effect, Principal, NotPrincipal, Action: 'kms:*', Resource: '*', ...elsewhere };
        const identityPolicies = [iamPolicy(...own)];
        const before = ask(who, keyPolicy(...statements), { ...asked, identityPolicies });
        return outcome(before) === outcome(ask(who, keyPolicy(...statements, stray), { ...asked, identityPolicies }));
      },
    ),
  );
});

test('an identity policy, a grant or a wider list never takes away, unless it denies', () => {
  fc.assert(
    fc.property(keyStatements, identityStatements, caller, question, (statements, own, who, asked) => {
      const policy = keyPolicy(...statements);
      const before = ask(who, policy, { ...asked, grants: [] });
      const allows = own.map((statement) => ({ ...statement, Effect: 'Allow' }));
      const after = ask(who, policy, { ...asked, identityPolicies: [iamPolicy(...allows)] });
      return !before.allowed || after.allowed;
    }),
  );
});

test('a boundary and session policies never give', () => {
  fc.assert(
    fc.property(
      keyStatements,
      identityStatements,
      identityStatements,
      caller,
      question,
      (statements, own, limits, who, asked) => {
        const policy = keyPolicy(...statements);
        const identityPolicies = [iamPolicy(...own)];
        const bound = iamPolicy(...limits);
        const free = ask(who, policy, { ...asked, identityPolicies });
        const limited = ask(who, policy, {
          ...asked,
          identityPolicies,
          permissionBoundary: bound,
          sessionPolicies: [bound],
        });
        return free.allowed || !limited.allowed;
      },
    ),
  );
});

test('any text at all is read or refused, and never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.json()),
      fc.constantFrom('key' as const, 'identity' as const),
      (text, kind) => typeof parsePolicy(text, kind).ok === 'boolean',
    ),
  );
});

test('any shape of a document is read or refused, and never throws', () => {
  const anything = fc.jsonValue({ maxDepth: 3 });
  const maybe = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: anything });
  const statement = fc.record({
    Effect: maybe(effect),
    Action: maybe(action),
    Resource: maybe(resource),
    Principal: maybe(principals.map((element) => element['Principal'] ?? '*')),
    Condition: maybe(
      fc.dictionary(
        fc.constantFrom('StringLike', 'Bool', 'IpAddressIfExists', 'ForAnyValue:ArnLike', 'Null', 'x'),
        fc.dictionary(fc.constantFrom('a:b', 'kms:EncryptionContext:x', 'c'), anything),
      ),
    ),
  });
  fc.assert(
    fc.property(statement, fc.constantFrom('key' as const, 'identity' as const), (element, kind) => {
      const parsed = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: [element] }), kind);
      return parsed.ok || parsed.message.length > 0;
    }),
  );
});
