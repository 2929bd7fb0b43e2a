import { aliasArn, keyArn, keyIdOf, type Alias, type Key } from '../domain/index.ts';
import { done, refused, type Operation, type Tools } from '../call.ts';
import { epochSeconds } from './keys.ts';
import { openKey } from './with-key.ts';
import { page } from './page.ts';

const DEFAULT_KEYS = 100;
const DEFAULT_ALIASES = 50;

/** Rows that pass a filter, in batches, so that deleted ones do not shorten a page. */
function* scan<T>(
  tools: Tools,
  table: 'keys' | 'aliases',
  prefix: string,
  after: string | undefined,
  keep: (row: T) => boolean,
): Generator<{ key: string; value: T }> {
  const batchSize = 200;
  for (let from = after; ;) {
    const rows = tools.state.range(table, prefix, from, batchSize);
    for (const { key, value } of rows) if (keep(value as T)) yield { key, value: value as T };
    if (rows.length < batchSize) return;
    from = rows.at(-1)?.key;
  }
}

function take<T>(rows: Iterable<T>, limit: number): T[] {
  const out: T[] = [];
  for (const row of rows) {
    if (out.length >= limit) break;
    out.push(row);
  }
  return out;
}

export const listKeys: Operation = {
  mode: 'now',
  run: (tools) => {
    const denied = tools.authorise('kms:ListKeys', '*');
    if (denied !== undefined) return refused(denied);
    const prefix = keyArn(tools.call.region, tools.call.caller.actor.account, '');
    const list = page(tools, 'keys', DEFAULT_KEYS, (after, limit) =>
      take(
        scan<Key>(tools, 'keys', prefix, after, ({ status }) => status !== 'Deleted'),
        limit,
      ),
    );
    if (list.kind === 'refused') return list;
    return done({ Keys: list.rows.map(({ value }) => ({ KeyArn: value.arn, KeyId: value.keyId })), ...list.paging });
  },
};

export const listAliases: Operation = {
  mode: 'now',
  run: (tools) => {
    const denied = tools.authorise('kms:ListAliases', '*');
    if (denied !== undefined) return refused(denied);
    const { region, caller, input } = tools.call;
    const of = input['KeyId'] as string | undefined;
    const found = of === undefined ? undefined : openKey(tools, of, { noAlias: true });
    if (found !== undefined && found.kind !== 'found') return found.result;
    // Whether another account has this key is nobody's business, not even when the list would be empty.
    if (found !== undefined && found.key.account !== caller.actor.account) {
      const foreign = tools.authorise('kms:ListAliases', found.key);
      if (foreign !== undefined) return refused(foreign);
    }
    const wanted = found?.key.arn;
    const prefix = aliasArn(region, caller.actor.account, 'alias/');
    const list = page(tools, `aliases ${wanted ?? ''}`, DEFAULT_ALIASES, (after, limit) =>
      take(
        scan<Alias>(tools, 'aliases', prefix, after, ({ keyArn: target }) => wanted === undefined || target === wanted),
        limit,
      ),
    );
    if (list.kind === 'refused') return list;
    const aliases = list.rows.map(({ value }) => ({
      AliasArn: value.arn,
      AliasName: value.name,
      CreationDate: epochSeconds(value.createdAt),
      LastUpdatedDate: epochSeconds(value.updatedAt),
      TargetKeyId: keyIdOf(value.keyArn),
    }));
    return done({ Aliases: aliases, ...list.paging });
  },
};
