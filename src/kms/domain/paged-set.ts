/*
 * A set of names in rows of one table, for sets that grow to tens of thousands: a head row with the numbers of the pages, and a row
 * per page. Adding or removing a name rewrites one page, and readers keep the others.
 */
const PAGE_NAMES = 128;

export type GetRow = (key: string) => unknown;
export type PutRow = (key: string, value: unknown) => void;

interface Head {
  /** Ascending; the last page takes new names. */
  readonly pages: readonly number[];
}

const pagePlace = (place: string, page: number): string => `${place}|${String(page)}`;

/** The pages of a set, oldest names first; none where nothing was ever added. The same arrays as long as they are unchanged. */
export function pagesOf(get: GetRow, place: string): (readonly string[])[] {
  const head = get(place) as Head | undefined;
  return (head?.pages ?? []).map((page) => (get(pagePlace(place, page)) ?? []) as readonly string[]);
}

export function addTo(get: GetRow, put: PutRow, place: string, name: string): void {
  const { pages } = (get(place) as Head | undefined) ?? { pages: [] };
  const last = pages.at(-1);
  const names = last === undefined ? [] : (get(pagePlace(place, last)) as readonly string[]);
  if (last !== undefined && names.length < PAGE_NAMES) return put(pagePlace(place, last), [...names, name]);
  const next = (last ?? 0) + 1;
  put(pagePlace(place, next), [name]);
  put(place, { pages: [...pages, next] } satisfies Head);
}

export function removeFrom(get: GetRow, put: PutRow, place: string, name: string): void {
  const { pages } = (get(place) as Head | undefined) ?? { pages: [] };
  for (const page of pages) {
    const names = get(pagePlace(place, page)) as readonly string[];
    if (!names.includes(name)) continue;
    const left = names.filter((other) => other !== name);
    if (left.length > 0) return put(pagePlace(place, page), left);
    put(pagePlace(place, page), undefined);
    const others = pages.filter((other) => other !== page);
    return put(place, others.length === 0 ? undefined : ({ pages: others } satisfies Head));
  }
}
