import { refusal } from '../domain/index.ts';
import { refused, type Result, type Tools } from '../call.ts';

interface Row<T> {
  readonly key: string;
  readonly value: T;
}

interface Page<T> {
  readonly kind: 'page';
  readonly rows: readonly Row<T>[];
  readonly paging: { readonly Truncated: boolean; readonly NextMarker?: string };
}

/** One page of a list. Markers are sealed and bound to the list and the caller's account: nobody can forge or transfer one. */
export function page<T>(
  { call, keyring }: Tools,
  list: string,
  defaultLimit: number,
  read: (after: string | undefined, limit: number) => readonly Row<T>[],
): Page<T> | Extract<Result, { kind: 'refused' }> {
  const purpose = `${call.operation} ${call.caller.actor.account} ${call.region} ${list}`;
  const marker = call.input['Marker'] as string | undefined;
  const after = marker === undefined ? undefined : keyring.openToken(purpose, marker);
  if (marker !== undefined && after === undefined)
    return refused(refusal('InvalidMarkerException', 'Could not deserialize marker')) as Extract<
      Result,
      { kind: 'refused' }
    >;
  const limit = (call.input['Limit'] as number | undefined) ?? defaultLimit;
  const rows = read(after, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const truncated = rows.length > limit && last !== undefined;
  return {
    kind: 'page',
    rows: shown,
    paging: truncated ? { NextMarker: keyring.sealToken(purpose, last.key), Truncated: true } : { Truncated: false },
  };
}
