import type { Database } from 'lmdb';
import { type StateView, type TableName, type Write } from './state.ts';

/** Rows kept decoded in memory, per table. A row is read from LMDB again once the table has grown past this. */
const MAX_CACHED_ROWS = 200_000;
/** Longer than any name of a row; LMDB throws for keys of more than 1,978 bytes, and callers choose what they ask for. */
const MAX_NAME_CHARS = 600;
const LAST = '\u{10FFFF}';

/**
 * The state tables with a cache in front. Decisions of a group see each other's writes before they are durable; that is safe
 * because the journal answers nobody before the commit, and a failed commit ends the process (docs/decisions/0002).
 */
export class StateStore implements StateView {
  readonly #tables: ReadonlyMap<TableName, Database<unknown, string>>;
  readonly #cache = new Map<TableName, Map<string, unknown>>();
  /** Writes of the group that is being decided or committed: LMDB does not have them yet. */
  readonly #uncommitted = new Map<TableName, Map<string, unknown>>();

  constructor(tables: ReadonlyMap<TableName, Database<unknown, string>>) {
    this.#tables = tables;
    for (const name of tables.keys()) {
      this.#cache.set(name, new Map());
      this.#uncommitted.set(name, new Map());
    }
  }

  get(table: TableName, key: string): unknown {
    const cache = this.#cacheOf(table);
    const known = cache.get(key);
    if (known !== undefined || cache.has(key)) return known;
    if (key.length > MAX_NAME_CHARS) return undefined;
    const stored = this.#tables.get(table)?.get(key);
    // Absence is not remembered: callers choose the names they ask for, and could fill the memory with them.
    if (stored !== undefined) this.#remember(cache, key, stored);
    return stored;
  }

  range(
    table: TableName,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): readonly { key: string; value: unknown }[] {
    const fresh = this.#uncommitted.get(table) ?? new Map<string, unknown>();
    const start = after === undefined || after < prefix ? prefix : after;
    const rows = new Map<string, unknown>();
    const options = { start, end: prefix + LAST, limit: limit + fresh.size + 1 };
    for (const { key, value } of this.#tables.get(table)?.getRange(options) ?? []) rows.set(key, value);
    for (const [key, value] of fresh) if (key.startsWith(prefix)) rows.set(key, value);
    return [...rows]
      .filter(([key, value]) => value !== undefined && (after === undefined || key > after))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([key, value]) => ({ key, value }));
  }

  /** Makes writes visible to later decisions. */
  apply(writes: readonly Write[]): void {
    for (const { table, key, value } of writes) {
      this.#uncommitted.get(table)?.set(key, value);
      this.#remember(this.#cacheOf(table), key, value);
    }
  }

  /** Inside a batch: hands the visible writes to LMDB. */
  write(writes: readonly Write[]): void {
    for (const { table, key, value } of writes) {
      const target = this.#tables.get(table);
      if (value === undefined) void target?.remove(key);
      else void target?.put(key, value);
    }
  }

  committed(): void {
    for (const [table, rows] of this.#uncommitted) {
      if (rows.size === 0) continue;
      const cache = this.#cacheOf(table);
      for (const [key, value] of rows) if (value === undefined) cache.delete(key);
      rows.clear();
    }
  }

  /** Another process has committed: everything remembered may be stale. */
  forget(): void {
    for (const cache of this.#cache.values()) cache.clear();
    for (const rows of this.#uncommitted.values()) rows.clear();
  }

  #cacheOf(table: TableName): Map<string, unknown> {
    const cache = this.#cache.get(table);
    if (cache === undefined) throw new Error(`Bug: no table ${table}`);
    return cache;
  }

  #remember(cache: Map<string, unknown>, key: string, value: unknown): void {
    if (cache.size >= MAX_CACHED_ROWS) {
      // Rows written by the group in flight are not in LMDB yet, so they stay.
      cache.clear();
      for (const [table, rows] of this.#uncommitted)
        for (const [name, row] of rows) this.#cacheOf(table).set(name, row);
    }
    cache.set(key, value);
  }
}
