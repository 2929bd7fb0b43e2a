import { canonicalJson, parseIsoMicros } from '../base/index.ts';
import type { Alert, Finding, KeyEvent, KeyStateRow } from '../events/index.ts';

/** Where a message was read: kept beside its row. */
export interface Source {
  readonly origin: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const FIRST_YEAR_US = 0;
/** 2106-01-01: the `DateTime` of the rollups ends within that year. */
const LAST_US = 4_291_747_200_000_000;

/** Why a time cannot be stored, or undefined when it can. The contract allows any digits; the tables hold 1970 to 2105. */
export function timeFault(time: string): string | undefined {
  const us = parseIsoMicros(time);
  if (us === undefined) return 'time: no such date';
  return us >= FIRST_YEAR_US && us < LAST_US ? undefined : 'time: not between 1970 and 2105';
}

/** `2026-01-31T12:00:00.123456Z` as ClickHouse's plain parser reads it. */
const toDateTime = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 26)}`;
const EPOCH = '1970-01-01 00:00:00.000000';
const optionalTime = (time: string | undefined): string => (time === undefined ? EPOCH : toDateTime(time));

/** Calendar month of an event in UTC, `2026-01`: the partition its row goes to. */
export const monthOf = (time: string): string => time.slice(0, 7);

export type KeyEventRow = ReturnType<typeof toKeyEventRow>;

/** A row of `key_events`. `bytes` is the event as it was delivered; absent members become '' and 0. */
export function toKeyEventRow(event: KeyEvent, bytes: Uint8Array, source: Source) {
  const { actor, origin, key, decision, ciphertext, timing, trace } = event;
  return {
    seq: event.seq,
    id: event.id,
    time: toDateTime(event.time),
    operation: event.operation,
    kind: event.kind,
    outcome: event.outcome,
    error_code: event.errorCode ?? '',
    region: event.region,
    account: key?.account ?? actor.account,
    caller_account: actor.account,
    principal: actor.arn,
    principal_type: actor.type,
    access_key_id: actor.accessKeyId ?? '',
    session: actor.session ?? '',
    subject: actor.subject ?? '',
    ip: origin.ip ?? '',
    user_agent: origin.userAgent ?? '',
    tls: origin.tls ?? '',
    via_service: origin.viaService ?? '',
    key_arn: key?.arn ?? '',
    key_spec: key?.spec ?? '',
    key_version: key?.version ?? 0,
    key_alias: key?.alias ?? '',
    source_key_arn: event.sourceKey?.arn ?? '',
    request: canonicalJson(event.request),
    encryption_context: event.encryptionContext ?? {},
    decision_effect: decision?.effect ?? '',
    decision_by: decision?.by ?? '',
    decision_sid: decision?.sid ?? '',
    decision_policy_digest: decision?.policyDigest ?? '',
    decision_grant_id: decision?.grantId ?? '',
    ciphertext_in: ciphertext?.in ?? '',
    ciphertext_out: ciphertext?.out ?? '',
    total_us: timing.totalUs,
    queue_us: timing.queueUs,
    crypto_us: timing.cryptoUs,
    commit_us: timing.commitUs,
    request_id: trace.requestId,
    traceparent: trace.traceparent ?? '',
    change_types: event.changes.map((change) => change.type),
    event: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
    origin: source.origin,
    topic: source.topic,
    k_partition: source.partition,
    k_offset: source.offset,
  };
}

/** A row of `key_state`. */
export function toKeyStateRow(row: KeyStateRow) {
  return {
    seq: row.seq,
    arn: row.arn,
    key_id: row.keyId,
    account: row.account,
    region: row.region,
    spec: row.spec,
    usage: row.usage,
    origin: row.origin,
    state: row.state,
    description: row.description,
    multi_region: row.multiRegion,
    policy_digest: row.policyDigest,
    tags: row.tags,
    aliases: row.aliases,
    version: row.version,
    rotation_period_days: row.rotationPeriodDays ?? 0,
    next_rotation_at: optionalTime(row.nextRotationAt),
    last_rotated_at: optionalTime(row.lastRotatedAt),
    delete_at: optionalTime(row.deleteAt),
    created_at: toDateTime(row.createdAt),
  };
}

/** A row of `findings`. */
export function toFindingRow(finding: Finding) {
  const { evidence } = finding;
  return {
    id: finding.id,
    detector: finding.detector,
    detector_version: finding.detectorVersion,
    severity: finding.severity,
    title: finding.title,
    time: toDateTime(finding.time),
    account: finding.account,
    region: finding.region,
    key_arn: finding.key ?? '',
    principal: finding.principal ?? '',
    techniques: finding.techniques,
    explanation: evidence.explanation,
    observed: evidence.observed,
    expected: evidence.expected,
    probability: evidence.probability,
    window_start: toDateTime(evidence.windowStart),
    window_end: toDateTime(evidence.windowEnd),
    seqs: evidence.seqs,
    finding: canonicalJson(finding),
  };
}

/** A row of `alerts`: one version of one alert. */
export function toAlertRow(alert: Alert) {
  return {
    id: alert.id,
    version: alert.version,
    status: alert.status,
    severity: alert.severity,
    route: alert.route,
    title: alert.title,
    account: alert.account,
    region: alert.region,
    key_arn: alert.key ?? '',
    principal: alert.principal ?? '',
    detectors: alert.detectors,
    techniques: alert.techniques,
    first_seen: toDateTime(alert.firstSeen),
    last_seen: toDateTime(alert.lastSeen),
    findings_count: alert.count,
    findings: alert.findings,
    explanation: alert.explanation,
    seqs: alert.seqs,
    alert: canonicalJson(alert),
  };
}
