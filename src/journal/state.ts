/** Tables of the state that lies beside the events and commits with them. */
export const TABLES = [
  'keys',
  'key-ids',
  'aliases',
  'principals',
  'access-keys',
  'due',
  'grants',
  'grant-index',
  'material',
  'secrets',
  'documents',
  'meta',
] as const;
export type TableName = (typeof TABLES)[number];

/** A row to be put, or with `value` undefined to be removed. */
export interface Write {
  readonly table: TableName;
  readonly key: string;
  readonly value: unknown;
}

/** State as a decision sees it. Rows belong to the store: nobody changes them in place. */
export interface StateView {
  get(table: TableName, key: string): unknown;
  /** Rows whose key starts with `prefix`, ascending by key, after `after` where given, at most `limit`. */
  range(
    table: TableName,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): readonly { readonly key: string; readonly value: unknown }[];
}
