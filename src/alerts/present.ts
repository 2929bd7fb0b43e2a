import type { Alert } from '../events/index.ts';

/** Control characters could rewrite the reader's terminal, and bidirectional marks the reader's mind. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g;

const plain = (text: string): string => text.replace(UNPRINTABLE, '\u{fffd}');
const second = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)}Z`;

/** An alert as a few lines of plain text for a terminal: what, who, which key, when, why, what to do. No colours, no last newline. */
export function presentAlert(alert: Alert): string {
  const { detectors, severity, route, status, version, count, firstSeen, lastSeen } = alert;
  const rows: [label: string, text: string][] = [];
  if (alert.principal !== undefined) rows.push(['who', alert.principal]);
  if (alert.key !== undefined) rows.push(['key', alert.key]);
  const until = lastSeen === firstSeen ? '' : ` to ${lastSeen.slice(11, 19)}Z`;
  rows.push(['when', `${second(firstSeen)}${until}, ${count} ${count === 1 ? 'finding' : 'findings'}`]);
  for (const [at, line] of alert.explanation.split('\n').entries()) rows.push([at === 0 ? 'why' : '', line]);
  for (const [at, step] of alert.triage.entries()) rows.push([at === 0 ? 'do' : '', `${at + 1}. ${step}`]);
  rows.push(['id', `${alert.id.slice(0, 16)} version ${version} (${status}), ${alert.techniques.join(' ')}`]);
  const head = `${severity.toUpperCase()} ${route}  ${detectors.join(' ')}  ${alert.title}`;
  return [plain(head), ...rows.map(([label, text]) => `  ${label.padEnd(5)}${plain(text)}`)].join('\n');
}
