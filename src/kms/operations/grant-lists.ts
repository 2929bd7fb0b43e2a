import { grantPlace, keyArn, refusal, retiringPlace, type Grant, type Key } from '../domain/index.ts';
import { done, refused, type Operation, type Tools } from '../call.ts';
import { grantsTo } from '../caller-grants.ts';
import { epochSeconds } from './keys.ts';
import { page } from './page.ts';
import { withKey } from './with-key.ts';

const DEFAULT_GRANTS = 50;

interface Row {
  readonly key: string;
  readonly value: Grant;
}

/** A grant as ListGrants and ListRetirableGrants show it. */
function shown({ value: grant }: Row): Record<string, unknown> {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset } = grant.constraints ?? {};
  return {
    ...(grant.constraints === undefined
      ? {}
      : {
          Constraints: {
            ...(equals === undefined ? {} : { EncryptionContextEquals: equals }),
            ...(subset === undefined ? {} : { EncryptionContextSubset: subset }),
          },
        }),
    CreationDate: epochSeconds(grant.createdAt),
    GrantId: grant.grantId,
    GranteePrincipal: grant.grantee,
    IssuingAccount: grant.issuer,
    KeyId: grant.keyArn,
    ...(grant.name === undefined ? {} : { Name: grant.name }),
    Operations: grant.operations,
    ...(grant.retiring === undefined ? {} : { RetiringPrincipal: grant.retiring }),
  };
}

/** Grants of a key that pass the filters of a request, by id. */
function read(tools: Tools, key: Key, after: string | undefined, limit: number): readonly Row[] {
  const { GrantId: id, GranteePrincipal: grantee } = tools.call.input;
  const prefix = grantPlace(key.arn, '');
  if (id === undefined && grantee === undefined) return tools.state.range('grants', prefix, after, limit) as Row[];
  const one = id === undefined ? undefined : (tools.state.get('grants', prefix + (id as string)) as Grant | undefined);
  const named = one === undefined ? [] : [one];
  const grants = id === undefined ? [...grantsTo(tools.state, key.arn, grantee as string)] : named;
  return grants
    .filter((grant) => grantee === undefined || grant.grantee === grantee)
    .map((value) => ({ key: prefix + value.grantId, value }))
    .filter((row) => after === undefined || row.key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, limit);
}

export const listGrants: Operation = withKey({
  mode: 'now',
  rule: 'any',
  noAlias: true,
  run: (tools, key) => {
    const { GrantId: id, GranteePrincipal: grantee, GranteeServicePrincipal: service } = tools.call.input;
    if (typeof id === 'string' && !/^[0-9a-f]{64}$/.test(id))
      return refused(refusal('InvalidGrantIdException', 'Grant ID is invalid'));
    if (service !== undefined) return done({ Grants: [], Truncated: false });
    const filters = `${(id as string | undefined) ?? ''} ${(grantee as string | undefined) ?? ''}`;
    const list = page(tools, `grants ${key.arn} ${filters}`, DEFAULT_GRANTS, (after, limit) =>
      read(tools, key, after, limit),
    );
    if (list.kind === 'refused') return list;
    return done({ Grants: list.rows.map(shown), ...list.paging });
  },
});

/** Grants of any account's keys in the Region that a principal of the caller's own account may retire by name. */
export const listRetirableGrants: Operation = {
  mode: 'now',
  run: (tools) => {
    const denied = tools.authorise('kms:ListRetirableGrants', '*');
    if (denied !== undefined) return refused(denied);
    const { region, caller, input } = tools.call;
    if (input['RetiringServicePrincipal'] !== undefined) return done({ Grants: [], Truncated: false });
    const retiring = input['RetiringPrincipal'] as string | undefined;
    if (retiring === undefined)
      return refused(
        refusal(
          'ValidationException',
          "1 validation error detected: Value null at 'retiringPrincipal' failed to satisfy constraint: Member must not be null",
        ),
      );
    if (retiring.split(':')[4] !== caller.actor.account)
      return refused(refusal('InvalidArnException', 'RetiringPrincipal must be a principal of your own account.'));
    const prefix = retiringPlace(retiring, keyArn(region, '', '').slice(0, -':key/'.length));
    const list = page(tools, `retirable ${retiring}`, DEFAULT_GRANTS, (after, limit) =>
      tools.state.range('grant-index', prefix, after, limit).flatMap(({ key, value }) => {
        const grant = tools.state.get('grants', value as string) as Grant | undefined;
        return grant === undefined ? [] : [{ key, value: grant }];
      }),
    );
    if (list.kind === 'refused') return list;
    return done({ Grants: list.rows.map(shown), ...list.paging });
  },
};
