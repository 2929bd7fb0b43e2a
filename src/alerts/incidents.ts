import { createHash } from 'node:crypto';
import { z } from 'zod';
import { assert, canonicalJson, parseIsoMicros, toIsoMicros } from '../base/index.ts';
import { Alert, Digest, Severity, Time, type Finding } from '../events/index.ts';
import { familyOf } from './family.ts';
import { isGraver, routeOf } from './severity.ts';

const MINUTE_US = 60_000_000;
/** Half an hour without a finding ends an incident. */
export const GAP_US = 30 * MINUTE_US;
/** For a day after it was opened an alert takes up what comes for the same group, closed or not, instead of a new one. */
export const HOLD_US = 24 * 60 * MINUTE_US;
/** An update that is neither graver nor twice as many waits so long. */
const UPDATE_US = 5 * MINUTE_US;
const SWEEP_US = MINUTE_US;

const MAX_SEEN = 10_000;
/** The state is written whole with every batch: at some 6 kB each this is 12 MB in a flood, and a few kB on a usual day. */
const MAX_INCIDENTS = 2_000;
const MAX_LISTED = 32;
const MAX_TRIAGE = 16;
const MAX_EXPLANATION = 4096;

/** One alert and what of it has been delivered. */
const Incident = z.strictObject({
  alert: Alert,
  /** How the first finding explained itself: the contrast to what is usual. */
  beginning: z.string(),
  delivered: z.strictObject({ count: z.int().min(0), severity: Severity, at: Time }),
});
type Incident = z.infer<typeof Incident>;

/** What a partition of findings has become. Maps keep the least recently touched first. */
export const IncidentState = z.strictObject({
  v: z.literal(1),
  incidents: z.array(z.tuple([z.string(), Incident])).max(MAX_INCIDENTS),
  /** Ids of findings that were counted: delivery is at least once. */
  seen: z.array(Digest).max(MAX_SEEN),
  /** Latest event time, in microseconds since the epoch, and when it was last looked for incidents that ended. */
  watermarkUs: z.int().min(0),
  sweptUs: z.int().min(0),
});
export type IncidentState = z.infer<typeof IncidentState>;

const timeUs = (time: string): number => {
  const us = parseIsoMicros(time);
  assert(us, 'the pipeline lets only dates through that exist');
  return us;
};

/**
 * Findings become alerts: one per family, key and principal and incident. A fold: what is delivered depends on the findings
 * and their event times alone, so that a repeat of the same findings gives the same versions of the same alerts.
 */
export class Incidents {
  readonly #incidents: Map<string, Incident>;
  readonly #seen: Set<string>;
  #watermarkUs: number;
  #sweptUs: number;

  constructor(saved?: IncidentState) {
    this.#incidents = new Map(saved?.incidents);
    this.#seen = new Set(saved?.seen);
    this.#watermarkUs = saved?.watermarkUs ?? 0;
    this.#sweptUs = saved?.sweptUs ?? 0;
  }

  state(): IncidentState {
    return {
      v: 1,
      incidents: [...this.#incidents],
      seen: [...this.#seen],
      watermarkUs: this.#watermarkUs,
      sweptUs: this.#sweptUs,
    };
  }

  /** Takes a finding in; returns the alerts that are now to be delivered, usually none or one. A repeat changes nothing. */
  take(finding: Finding): readonly Alert[] {
    if (this.#seen.has(finding.id)) return [];
    remember(this.#seen, finding.id);
    const nowUs = timeUs(finding.time);
    const due = [...this.advance(nowUs)];
    const group = canonicalJson([familyOf(finding.detector), finding.key ?? null, finding.principal ?? null]);
    let incident = this.#incidents.get(group);
    this.#incidents.delete(group);
    if (incident !== undefined && !belongs(incident.alert, nowUs)) {
      if (incident.alert.status !== 'closed') due.push(deliver(incident, 'closed', finding.time));
      incident = undefined;
    }
    if (incident === undefined) {
      incident = begin(group, finding);
      due.push(deliver(incident, 'open', finding.time));
    } else {
      const wasClosed = incident.alert.status === 'closed';
      fold(incident, finding);
      if (wasClosed || isDue(incident, nowUs)) due.push(deliver(incident, 'updated', finding.time));
    }
    this.#incidents.set(group, incident);
    due.push(...this.#makeRoom(finding.time));
    return due;
  }

  /** Event time has come this far: closes what has ended. */
  advance(nowUs: number): readonly Alert[] {
    this.#watermarkUs = Math.max(this.#watermarkUs, nowUs);
    if (this.#watermarkUs - this.#sweptUs < SWEEP_US) return [];
    this.#sweptUs = this.#watermarkUs;
    const closed: Alert[] = [];
    for (const [group, incident] of this.#incidents) {
      const { status, firstSeen, lastSeen } = incident.alert;
      const endedUs = timeUs(lastSeen) + GAP_US;
      if (this.#watermarkUs <= endedUs) continue;
      if (status !== 'closed') closed.push(deliver(incident, 'closed', toIsoMicros(endedUs)));
      if (this.#watermarkUs > timeUs(firstSeen) + HOLD_US) this.#incidents.delete(group);
    }
    return closed;
  }

  /** A flood of groups closes the oldest rather than growing; a later finding for one of them opens a new alert. */
  #makeRoom(time: string): readonly Alert[] {
    if (this.#incidents.size <= MAX_INCIDENTS) return [];
    const [oldest] = this.#incidents;
    if (oldest === undefined) return [];
    this.#incidents.delete(oldest[0]);
    return oldest[1].alert.status === 'closed' ? [] : [deliver(oldest[1], 'closed', time)];
  }
}

function remember(seen: Set<string>, id: string): void {
  seen.add(id);
  if (seen.size <= MAX_SEEN) return;
  const [oldest] = seen;
  if (oldest !== undefined) seen.delete(oldest);
}

const belongs = ({ firstSeen, lastSeen }: Alert, nowUs: number): boolean =>
  nowUs - timeUs(lastSeen) <= GAP_US || nowUs - timeUs(firstSeen) <= HOLD_US;

function isDue({ alert, delivered }: Incident, nowUs: number): boolean {
  if (isGraver(alert.severity, delivered.severity)) return true;
  return alert.count >= 2 * delivered.count || nowUs - timeUs(delivered.at) >= UPDATE_US;
}

function begin(group: string, finding: Finding): Incident {
  const { evidence, detector, id, time, severity, title, account, region, key, principal } = finding;
  const alert: Alert = {
    v: 1,
    id: createHash('sha256')
      .update(canonicalJson([group, id]))
      .digest('hex'),
    version: 1,
    status: 'open',
    severity,
    route: routeOf(severity),
    title,
    account,
    region,
    ...(key === undefined ? {} : { key }),
    ...(principal === undefined ? {} : { principal }),
    detectors: [detector],
    techniques: finding.techniques,
    firstSeen: time,
    lastSeen: time,
    count: 1,
    findings: [id],
    explanation: evidence.explanation,
    seqs: evidence.seqs,
    triage: finding.triage.slice(0, MAX_TRIAGE),
  };
  return { alert, beginning: evidence.explanation, delivered: { count: 0, severity, at: time } };
}

function fold(incident: Incident, finding: Finding): void {
  const { alert, beginning } = incident;
  const graver = isGraver(finding.severity, alert.severity);
  const severity = graver ? finding.severity : alert.severity;
  const latest = finding.time >= alert.lastSeen ? `\nLatest: ${finding.evidence.explanation}` : '';
  incident.alert = {
    ...alert,
    severity,
    route: routeOf(severity),
    title: graver ? finding.title : alert.title,
    detectors: union(alert.detectors, [finding.detector], MAX_LISTED),
    techniques: union(alert.techniques, finding.techniques, MAX_LISTED),
    firstSeen: finding.time < alert.firstSeen ? finding.time : alert.firstSeen,
    lastSeen: finding.time > alert.lastSeen ? finding.time : alert.lastSeen,
    count: alert.count + 1,
    findings: firstAndLatest(alert.findings, [finding.id]),
    explanation: latest === '' ? alert.explanation : (beginning + latest).slice(0, MAX_EXPLANATION),
    seqs: firstAndLatest(alert.seqs, sparse(finding.evidence.seqs)),
    triage: union(alert.triage, finding.triage, MAX_TRIAGE),
  };
}

const union = (known: readonly string[], more: readonly string[], limit: number): string[] =>
  [...new Set([...known, ...more])].slice(0, limit);

/** The half that came first stays; of the rest the latest are kept. */
function firstAndLatest<T>(known: readonly T[], more: readonly T[]): T[] {
  const all = [...new Set([...known, ...more])];
  if (all.length <= MAX_LISTED) return all;
  return [...all.slice(0, MAX_LISTED / 2), ...all.slice(-MAX_LISTED / 2)];
}

/** First, middle and last: the finding itself has the rest. */
const sparse = (seqs: readonly number[]): number[] =>
  seqs.filter((_, at) => at === 0 || at === seqs.length - 1 || at === seqs.length >> 1);

function deliver(incident: Incident, status: Alert['status'], at: string): Alert {
  const { alert } = incident;
  const version = status === 'open' ? 1 : alert.version + 1;
  incident.alert = { ...alert, status, version };
  incident.delivered = { count: alert.count, severity: alert.severity, at };
  return incident.alert;
}
