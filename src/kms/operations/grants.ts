import { toIsoMicros } from '../../base/index.ts';
import type { ChangeOf } from '../../events/index.ts';
import { secretRandom } from '../crypto/index.ts';
import {
  MAX_GRANTS_PER_KEY,
  grantPlace,
  namedPlace,
  refusal,
  refuseByState,
  type Grant,
  type GrantTerms,
  type Key,
} from '../domain/index.ts';
import { mayHandOn, type GrantFacts } from '../policy/index.ts';
import { done, refused, type Operation, type Result, type Tools } from '../call.ts';
import { INVALID_GRANT_TOKEN, grantsOf, openGrantToken, sealGrantToken } from '../caller-grants.ts';
import { principalOf } from '../permission.ts';
import { grantConditions, refuseOnKey, refuseRequest, termsOfRequest } from './grant-terms.ts';
import { DRY_RUN, openKey } from './with-key.ts';

const GRANT_ID_BYTES = 32;
const GRANT_ID = /^[0-9a-f]{64}$/;

export const createGrant: Operation = {
  mode: 'turn',
  run: (tools) => {
    const malformed = refuseRequest(tools);
    if (malformed !== undefined) return refused(malformed);
    const terms = termsOfRequest(tools);
    const found = openKey(tools, tools.call.input['KeyId'] as string, { noAlias: true });
    if (found.kind !== 'found') return found.result;
    const { key } = found;
    // A grant hands on no more than it gives, so grants that give less than this one are no permission to make it.
    const own = [...grantsOf(tools.state, key, principalOf(tools.call.caller.principal))];
    const wide = own.filter((grant) => mayHandOn(grant, terms));
    const wrong =
      tools.authorise('kms:CreateGrant', key, grantConditions(terms), wide) ??
      refuseByState(key, 'use') ??
      refuseOnKey(terms, key);
    if (wrong !== undefined) return refused(wrong);
    return grantAs(tools, key, terms);
  },
};

/** A grant of the same name and terms is given again, with a new token; any other is a new one. */
function grantAs(tools: Tools, key: Key, terms: GrantTerms): Result {
  const { input } = tools.call;
  const known = terms.name === undefined ? undefined : tools.state.get('grant-index', namedPlace(key.arn, terms));
  if (known === undefined && (key.grantCount ?? 0) >= MAX_GRANTS_PER_KEY)
    return refused(
      refusal('LimitExceededException', `${key.arn} has reached the limit of ${String(MAX_GRANTS_PER_KEY)} grants.`),
    );
  if (input['DryRun'] === true) return refused(DRY_RUN);
  const grantId = typeof known === 'string' ? known : secretRandom(GRANT_ID_BYTES).toString('hex');
  const body = { GrantId: grantId, GrantToken: sealGrantToken(tools.keyring, { keyArn: key.arn, grantId }) };
  return done(body, known === undefined ? [createdFact(key, grantId, terms, tools.nowUs)] : []);
}

function createdFact(key: Key, grantId: string, terms: GrantTerms, nowUs: number): ChangeOf<'GrantCreated'> {
  const { constraints, operations, ...others } = terms;
  return {
    type: 'GrantCreated',
    v: 1,
    key: key.arn,
    grantId,
    ...others,
    operations: [...operations],
    ...(constraints === undefined ? {} : { constraints }),
    at: toIsoMicros(nowUs),
  };
}

export const revokeGrant: Operation = {
  mode: 'turn',
  run: (tools) => {
    const found = openKey(tools, tools.call.input['KeyId'] as string, { noAlias: true });
    if (found.kind !== 'found') return found.result;
    return endGrant(tools, found.key, tools.call.input['GrantId'] as string, 'GrantRevoked');
  },
};

export const retireGrant: Operation = {
  mode: 'turn',
  run: (tools) => {
    const { GrantToken: token, KeyId: keyId, GrantId: grantId } = tools.call.input;
    const byToken = token !== undefined;
    if (byToken ? keyId !== undefined || grantId !== undefined : keyId === undefined || grantId === undefined)
      return refused(
        refusal('ValidationException', 'Specify either a grant token, or both the key ARN and the grant ID.'),
      );
    const named = byToken
      ? openGrantToken(tools.keyring, token as string)
      : { keyArn: keyId as string, grantId: grantId as string };
    if (named === undefined) return refused(INVALID_GRANT_TOKEN);
    const found = openKey(tools, named.keyArn, { noAlias: true });
    if (found.kind !== 'found') return byToken ? refused(INVALID_GRANT_TOKEN) : found.result;
    return endGrant(tools, found.key, named.grantId, 'GrantRetired');
  },
};

function endGrant(tools: Tools, key: Key, grantId: string, type: 'GrantRetired' | 'GrantRevoked'): Result {
  const { call, state } = tools;
  const grant = state.get('grants', grantPlace(key.arn, grantId)) as Grant | undefined;
  const conditions = grant === undefined ? undefined : grantConditions(grant);
  const retirers = type === 'GrantRevoked' || grant === undefined ? [] : retirersOf(grant);
  const denied = tools.authorise(`kms:${call.operation}`, key, conditions, retirers);
  if (denied !== undefined) return refused(denied);
  if (grant === undefined)
    return refused(
      GRANT_ID.test(grantId)
        ? refusal('NotFoundException', `Grant ID ${grantId} not found`)
        : refusal('InvalidGrantIdException', 'Grant ID is invalid'),
    );
  if (call.input['DryRun'] === true) return refused(DRY_RUN);
  return done({}, [{ type, v: 1, key: key.arn, grantId }]);
}

/**
 * Those whom a grant itself lets retire it: the retiring principal, the grantee where RetireGrant is granted, and the
 * accounts that issued it and own its key. Written as grants, so that whoever acts for one of them is judged alike.
 */
function retirersOf({ grantId, grantee, retiring, operations, issuer, keyArn }: Grant): GrantFacts[] {
  const owner = `arn:aws:iam::${keyArn.split(':')[4] ?? ''}:root`;
  const names = [
    ...(retiring === undefined ? [] : [retiring]),
    ...(operations.includes('RetireGrant') ? [grantee] : []),
  ];
  return [...names, issuer, owner].map((name) => ({ grantId, grantee: name, operations: ['RetireGrant'] }));
}
