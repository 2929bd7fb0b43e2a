import type { StateView } from '../journal/index.ts';
import { grantPlace, granteePlace, pagesOf, refusal, type Grant, type Key, type Refusal } from './domain/index.ts';
import type { Keyring } from './crypto/index.ts';
import { granteesOf, type Principal } from './policy/index.ts';
import type { InputValue } from './call.ts';

/** Grants never change, so those of a page are the same as long as the page is. */
const ofPage = new WeakMap<readonly string[], readonly Grant[]>();

/**
 * The grants on a key by which a principal may do anything at all: one look-up for each name it has, however many grants there are.
 * Read page by page, so that whoever finds what he seeks reads no further.
 */
export function* grantsOf(state: StateView, key: Key, principal: Principal): Generator<Grant> {
  if (key.grantCount === undefined || key.grantCount === 0) return;
  for (const grantee of granteesOf(principal)) yield* grantsTo(state, key.arn, grantee);
}

/** The grants on a key to one grantee, oldest first. */
export function* grantsTo(state: StateView, keyArn: string, grantee: string): Generator<Grant> {
  const pages = pagesOf((place) => state.get('grant-index', place), granteePlace(keyArn, grantee));
  for (const page of pages) yield* grantsOn(state, keyArn, page);
}

function grantsOn(state: StateView, keyArn: string, page: readonly string[]): readonly Grant[] {
  const known = ofPage.get(page);
  if (known !== undefined) return known;
  const grants = page.flatMap((id) => (state.get('grants', grantPlace(keyArn, id)) as Grant | undefined) ?? []);
  ofPage.set(page, grants);
  return grants;
}

/** A token says which grant it is of. It gives nothing that the grant does not give without it: reads here are never late. */
export interface GrantToken {
  readonly keyArn: string;
  readonly grantId: string;
}

const TOKEN = 'grant';

export const sealGrantToken = (keyring: Keyring, { keyArn, grantId }: GrantToken): string =>
  keyring.sealToken(TOKEN, `${keyArn} ${grantId}`);

/** Undefined for a text that is not a token of ours. */
export function openGrantToken(keyring: Keyring, token: string): GrantToken | undefined {
  const [keyArn, grantId] = keyring.openToken(TOKEN, token)?.split(' ') ?? [];
  return keyArn === undefined || grantId === undefined ? undefined : { keyArn, grantId };
}

export const INVALID_GRANT_TOKEN = refusal('InvalidGrantTokenException', 'Grant token is invalid');

/** Tokens that come with a request must be genuine; one whose grant has ended meanwhile is, and is worth nothing. */
export function refuseGrantTokens(keyring: Keyring, tokens: InputValue): Refusal | undefined {
  if (tokens === undefined) return undefined;
  const all = tokens as readonly string[];
  return all.every((token) => openGrantToken(keyring, token) !== undefined) ? undefined : INVALID_GRANT_TOKEN;
}
