import { toIsoMicros } from '../../base/index.ts';
import { aliasArn, refusal, refuseByState, type Alias, type Key, type Refusal } from '../domain/index.ts';
import { done, refused, type Operation, type Result, type Tools } from '../call.ts';
import { keyRef } from '../find-key.ts';
import { openKey } from './with-key.ts';

const MAX_ALIASES_PER_KEY = 50;
const ALIAS_NAME = /^alias\/[a-zA-Z0-9/_-]+$/;

function refuseName(name: string): Refusal | undefined {
  if (name.startsWith('alias/aws/'))
    return refusal('NotAuthorizedException', 'Aliases that begin with alias/aws/ are reserved');
  if (!name.startsWith('alias/'))
    return refusal(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see the API reference for the CreateAlias operation.',
    );
  if (!ALIAS_NAME.test(name)) return refusal('InvalidAliasNameException', 'Alias contains invalid characters');
  return undefined;
}

const arnOf = ({ call }: Tools, name: string): string => aliasArn(call.region, call.caller.actor.account, name);

/** The key an alias is to stand for: of the caller's own account, and not named by another alias. */
function target(tools: Tools): { kind: 'found'; key: Key } | { kind: 'missing'; result: Result } {
  const found = openKey(tools, tools.call.input['TargetKeyId'] as string, { noAlias: true });
  if (found.kind !== 'found') return found;
  const denied = tools.authorise(`kms:${tools.call.operation}`, found.key);
  const wrong = denied ?? refuseByState(found.key, 'label');
  return wrong === undefined ? found : { kind: 'missing', result: refused(wrong) };
}

export const createAlias: Operation = {
  mode: 'turn',
  run: (tools) => {
    const name = tools.call.input['AliasName'] as string;
    const bad = refuseName(name);
    if (bad !== undefined) return refused(bad);
    const arn = arnOf(tools, name);
    const denied = tools.authorise('kms:CreateAlias', arn);
    if (denied !== undefined) return refused(denied);
    const found = target(tools);
    if (found.kind !== 'found') return found.result;
    const { key } = found;
    if (tools.state.get('aliases', arn) !== undefined)
      return refused(refusal('AlreadyExistsException', `An alias with the name ${arn} already exists`));
    if (key.aliases.length >= MAX_ALIASES_PER_KEY)
      return refused(refusal('LimitExceededException', `${key.arn} has too many aliases`));
    return done({}, [{ type: 'AliasCreated', v: 1, key: key.arn, alias: name, at: toIsoMicros(tools.nowUs) }]);
  },
};

export const updateAlias: Operation = {
  mode: 'turn',
  run: (tools) => {
    const name = tools.call.input['AliasName'] as string;
    const bad = refuseName(name);
    if (bad !== undefined) return refused(bad);
    const arn = arnOf(tools, name);
    const denied = tools.authorise('kms:UpdateAlias', arn);
    if (denied !== undefined) return refused(denied);
    const alias = tools.state.get('aliases', arn) as Alias | undefined;
    if (alias === undefined) return refused(refusal('NotFoundException', `Alias ${arn} is not found.`));
    const old = tools.state.get('keys', alias.keyArn) as Key | undefined;
    const oldDenied = old === undefined ? undefined : tools.authorise('kms:UpdateAlias', old);
    if (oldDenied !== undefined) return refused(oldDenied);
    const found = target(tools);
    if (found.kind !== 'found') return found.result;
    const { key } = found;
    if (old !== undefined && (old.spec !== key.spec || old.usage !== key.usage))
      return refused(
        refusal('ValidationException', 'The current and new KMS keys must be of the same type and key usage.'),
      );
    if (alias.keyArn === key.arn) return done({});
    if (key.aliases.length >= MAX_ALIASES_PER_KEY)
      return refused(refusal('LimitExceededException', `${key.arn} has too many aliases`));
    return done({}, [
      { type: 'AliasMoved', v: 1, key: key.arn, alias: name, from: alias.keyArn, at: toIsoMicros(tools.nowUs) },
    ]);
  },
};

export const deleteAlias: Operation = {
  mode: 'turn',
  run: (tools) => {
    const name = tools.call.input['AliasName'] as string;
    const bad = refuseName(name);
    if (bad !== undefined) return refused(bad);
    const arn = arnOf(tools, name);
    const denied = tools.authorise('kms:DeleteAlias', arn);
    if (denied !== undefined) return refused(denied);
    const alias = tools.state.get('aliases', arn) as Alias | undefined;
    const key = alias === undefined ? undefined : (tools.state.get('keys', alias.keyArn) as Key | undefined);
    if (alias === undefined || key === undefined)
      return refused(refusal('NotFoundException', `Alias ${arn} is not found.`));
    tools.notes.key = keyRef(key, undefined, name);
    const keyDenied = tools.authorise('kms:DeleteAlias', key);
    if (keyDenied !== undefined) return refused(keyDenied);
    return done({}, [{ type: 'AliasDeleted', v: 1, key: key.arn, alias: name }]);
  },
};
