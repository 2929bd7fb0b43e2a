/** What a fold reads: stored rows by their identity. Synchronous, because a fold asks for few rows and often. */
export interface Rows<Row> {
  get(id: string): Row | undefined;
}

/**
 * Where a projection keeps its rows. `put` resolves once all of them are durable. A batch is folded, its rows are
 * published, and only then put: a crash in between publishes the same rows again and loses none.
 */
export interface RowStore<Row> extends Rows<Row> {
  put(rows: readonly Row[]): Promise<void>;
}

/** Rows as changed by a batch so far, over the stored ones. */
export interface Overlay<Row> extends Rows<Row> {
  set(row: Row): void;
  /** The last value of each row that was set, in the order in which it was first set. */
  changed(): Row[];
}

export function overlay<Row>(stored: Rows<Row>, idOf: (row: Row) => string): Overlay<Row> {
  const fresh = new Map<string, Row>();
  return {
    get: (id) => fresh.get(id) ?? stored.get(id),
    set: (row) => void fresh.set(idOf(row), row),
    changed: () => [...fresh.values()],
  };
}

/** Items by key, each group in order. (`Map.groupBy` is not in Node 20.) */
export function groupBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
