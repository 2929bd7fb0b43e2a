import { rememberCanonical } from '../base/index.ts';
import type { KeyRef } from '../events/index.ts';
import type { StateView } from '../journal/index.ts';
import { aliasArn, keyArn, parseKmsArn, refusal, type Alias, type Key, type Refusal } from './domain/index.ts';

/** A key as the caller named it. `absent` is the ARN that would be asked about, so that a foreign one is refused like one that exists. */
export type Found =
  | { readonly kind: 'found'; readonly key: Key; readonly alias: string | undefined }
  | { readonly kind: 'absent'; readonly arn: string; readonly foreign: boolean; readonly refusal: Refusal };

/** Finds a key by id, key ARN, alias name or alias ARN in the Region of the request's signature. */
export function findKey(state: StateView, region: string, account: string, identifier: string): Found {
  if (!identifier.startsWith('arn:')) {
    return identifier.startsWith('alias/')
      ? byAlias(state, aliasArn(region, account, identifier), identifier, false)
      : byArn(state, keyArn(region, account, identifier), false);
  }
  const parsed = parseKmsArn(identifier);
  if (parsed === undefined)
    return absent(identifier, false, refusal('NotFoundException', `Invalid keyId '${identifier}'`));
  if (parsed.region !== region)
    return absent(identifier, false, refusal('NotFoundException', `Invalid arn ${parsed.region}`));
  const foreign = parsed.account !== account;
  return parsed.kind === 'key' ? byArn(state, identifier, foreign) : byAlias(state, identifier, parsed.name, foreign);
}

function byArn(state: StateView, arn: string, foreign: boolean): Found {
  const key = state.get('keys', arn) as Key | undefined;
  if (key === undefined || key.status === 'Deleted')
    return absent(arn, foreign, refusal('NotFoundException', `Key '${arn}' does not exist`));
  return { kind: 'found', key, alias: undefined };
}

function byAlias(state: StateView, arn: string, name: string, foreign: boolean): Found {
  const alias = state.get('aliases', arn) as Alias | undefined;
  const key = alias === undefined ? undefined : (state.get('keys', alias.keyArn) as Key | undefined);
  if (key === undefined || key.status === 'Deleted')
    return absent(arn, foreign, refusal('NotFoundException', `Alias ${arn} is not found.`));
  return { kind: 'found', key, alias: name };
}

const absent = (arn: string, foreign: boolean, why: Refusal): Found => ({ kind: 'absent', arn, foreign, refusal: why });

const references = new WeakMap<Key, Map<string, KeyRef>>();

/** A key as events name it. The same reference for the same key, version and alias, so that its text is written once. */
export function keyRef(key: Key, version?: number, alias?: string): KeyRef {
  let known = references.get(key);
  if (known === undefined) references.set(key, (known = new Map<string, KeyRef>()));
  const name = `${version ?? ''} ${alias ?? ''}`;
  const written = known.get(name);
  if (written !== undefined) return written;
  const { arn, account, region, spec } = key;
  const given = { ...(version === undefined ? {} : { version }), ...(alias === undefined ? {} : { alias }) };
  const reference = rememberCanonical({ arn, account, region, spec, ...given });
  known.set(name, reference);
  return reference;
}
