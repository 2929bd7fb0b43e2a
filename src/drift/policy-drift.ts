import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/index.ts';
import { TOPICS, parseKeyEvent, type Finding, type KeyEvent } from '../events/index.ts';
import type { Consumer } from '../stream/index.ts';
import type { Desired } from './desired-state.ts';
import { difference, permissionsOf, type PolicyDifference } from './semantics.ts';

/** What is known of a key's policy: who made it what it is, and by which names the key goes. */
export interface PolicyRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly digest: string;
  /** Absent where the document was too large for the event. */
  readonly text?: string;
  readonly aliases: readonly string[];
  readonly by: string;
  readonly at: string;
  readonly seq: number;
}

/** Where rows are kept; `put` resolves when they are durable. */
export interface PolicyRows {
  get(arn: string): PolicyRow | undefined;
  put(rows: readonly PolicyRow[]): Promise<void>;
}

export interface PolicyDriftOptions {
  readonly desired: ReadonlyMap<string, Desired>;
  readonly rows: PolicyRows;
  /** Resolves when the findings are durable. May be called again with findings it has seen: ids are the same. */
  readonly publish: (findings: readonly Finding[]) => Promise<void>;
}

const DETECTOR = 'KL-03';
const VERSION = 1;
const MAX_NAMED = 8;

/**
 * KL-03: compares a key's policy with the desired one whenever an event changes the policy or gives the key another name. Pure of
 * time: the same events and the same folder give the same findings, with the same ids.
 */
export function policyDrift({ desired, rows, publish }: PolicyDriftOptions): Consumer<KeyEvent> {
  return {
    group: 'drift',
    topic: TOPICS.keyEvents,
    parse: parseKeyEvent,
    handle: async ({ items }) => {
      const changed = new Map<string, PolicyRow>();
      const findings: Finding[] = [];
      const get = (arn: string): PolicyRow | undefined => changed.get(arn) ?? rows.get(arn);
      for (const { value: event } of items) {
        for (const row of rowsAfter(event, get)) {
          changed.set(row.arn, row);
          const finding = findingOf(row, wantedFor(row, desired), event);
          if (finding !== undefined) findings.push(finding);
        }
      }
      // Findings first: a crash between the two publishes them again, and their ids are known.
      if (findings.length > 0) await publish(findings);
      if (changed.size > 0) await rows.put([...changed.values()]);
      return [];
    },
  };
}

/** Rows that an event changes; a repeat changes none. */
function rowsAfter(event: KeyEvent, get: (arn: string) => PolicyRow | undefined): readonly PolicyRow[] {
  const out = new Map<string, PolicyRow>();
  for (const change of event.changes) {
    if (!('key' in change)) continue;
    const before = out.get(change.key) ?? get(change.key);
    if (before !== undefined && before.seq >= event.seq && !out.has(change.key)) continue;
    const stamp = { by: event.actor.arn, at: event.time, seq: event.seq };
    switch (change.type) {
      case 'KeyCreated':
        out.set(change.key, {
          arn: change.key,
          account: change.account,
          region: change.region,
          aliases: [],
          ...documentOf(change.policy),
          ...stamp,
        });
        break;
      case 'PolicyChanged':
        if (before !== undefined)
          out.set(change.key, { ...withoutText(before), ...documentOf(change.after), ...stamp });
        break;
      case 'AliasMoved': {
        const from = out.get(change.from) ?? get(change.from);
        if (from !== undefined) out.set(from.arn, withoutAlias(from, aliasArnOf(change.key, change.alias), event.seq));
        if (before !== undefined)
          out.set(change.key, withAlias(before, aliasArnOf(change.key, change.alias), event.seq));
        break;
      }
      case 'AliasCreated':
        if (before !== undefined)
          out.set(change.key, withAlias(before, aliasArnOf(change.key, change.alias), event.seq));
        break;
      case 'AliasDeleted':
        if (before !== undefined)
          out.set(change.key, withoutAlias(before, aliasArnOf(change.key, change.alias), event.seq));
        break;
      default:
        break;
    }
  }
  return [...out.values()];
}

const withoutAlias = (row: PolicyRow, alias: string, seq: number): PolicyRow => ({
  ...row,
  aliases: row.aliases.filter((name) => name !== alias),
  seq,
});
const withAlias = (row: PolicyRow, alias: string, seq: number): PolicyRow => ({
  ...row,
  aliases: [...row.aliases.filter((name) => name !== alias), alias],
  seq,
});

const documentOf = ({
  digest,
  text,
}: {
  digest: string;
  text?: string | undefined;
}): { digest: string; text?: string } => (text === undefined ? { digest } : { digest, text });

function withoutText(row: PolicyRow): Omit<PolicyRow, 'text'> {
  const { arn, account, region, digest, aliases, by, at, seq } = row;
  return { arn, account, region, digest, aliases, by, at, seq };
}

const aliasArnOf = (key: string, alias: string): string => [...key.split(':', 5), alias].join(':');

const wantedFor = (row: PolicyRow, desired: ReadonlyMap<string, Desired>): Desired | undefined =>
  desired.get(row.arn) ?? row.aliases.map((alias) => desired.get(alias)).find((wanted) => wanted !== undefined);

function findingOf(row: PolicyRow, wanted: Desired | undefined, event: KeyEvent): Finding | undefined {
  if (wanted === undefined) return undefined;
  const actual = row.text === undefined ? undefined : permissionsOf(row.text);
  const found = actual === undefined ? undefined : difference(wanted.permissions, actual);
  if (found !== undefined && found.added.length + found.removed.length === 0) return undefined;
  const opened = found?.added.some(({ opensTo }) => opensTo(row.account)) ?? false;
  const wantedForms = wanted.permissions.map(({ form }) => form).sort();
  return {
    v: 1,
    id: createHash('sha256')
      .update(canonicalJson([DETECTOR, VERSION, row.arn, row.digest, wantedForms]))
      .digest('hex'),
    detector: DETECTOR,
    detectorVersion: VERSION,
    severity: opened ? 'high' : 'medium',
    title: opened ? 'A key policy drifted, and opens the key to others' : 'A key policy is not the one that is desired',
    time: event.time,
    account: row.account,
    region: row.region,
    key: row.arn,
    principal: row.by,
    techniques: ['T1098', 'T1548.005'],
    evidence: {
      explanation: explain(row, wanted, found),
      observed: found === undefined ? 1 : found.added.length + found.removed.length,
      expected: 0,
      probability: 0,
      windowStart: row.at,
      windowEnd: event.time,
      seqs: [row.seq],
    },
    triage: [
      `Ask ${row.by} whether this change was meant${wanted.owner === undefined ? '' : `, and ${wanted.owner}, who owns the key`}.`,
      `Meant? Write it into ${wanted.file}, so that it is the desired state.`,
      `Not meant? Put the desired policy back: aws kms put-key-policy --key-id ${row.arn} --region ${row.region} --policy-name default --policy file://policy.json`,
      'Look at what was done with the key since: every call is an event with the statement that allowed it.',
    ],
  };
}

function explain(row: PolicyRow, { file }: Desired, found: PolicyDifference | undefined): string {
  const change = `The policy of ${row.arn}, made what it is by ${row.by} at ${row.at} (event ${row.seq}), differs from ${file}`;
  if (found === undefined)
    return `${change.slice(0, 1500)}, or is too large for its event to carry; compare it by GetKeyPolicy.`;
  const named = (permissions: PolicyDifference['added']): string =>
    permissions
      .slice(0, MAX_NAMED)
      .map(({ label }) => label.slice(0, 64))
      .join(', ') + (permissions.length > MAX_NAMED ? ' and more' : '');
  const added = found.added.length === 0 ? '' : ` Statements that nobody asked for: ${named(found.added)}.`;
  const removed = found.removed.length === 0 ? '' : ` Statements that are missing: ${named(found.removed)}.`;
  return `${change.slice(0, 900)}.${added}${removed}`;
}
