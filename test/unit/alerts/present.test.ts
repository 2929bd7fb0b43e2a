import { expect, test } from 'vitest';
import { GRADES, isGraver, presentAlert, routeOf } from '../../../src/alerts/index.ts';
import { Severity, type Alert } from '../../../src/events/index.ts';
import { Incidents } from '../../../src/alerts/incidents.ts';
import { finding, KEY, ROLE } from './findings.ts';

const alert = (): Alert => {
  const incidents = new Incidents();
  incidents.take(finding({ n: 1, at: 0 }));
  return incidents.take(finding({ n: 2, at: 1 }))[0]!;
};

test('an alert is a few lines that say what, who, which key, when, why and what to do', () => {
  const shown = alert();
  expect(presentAlert(shown)).toBe(
    [
      'MEDIUM ticket  KL-06  KL-06 medium',
      `  who  ${ROLE}`,
      `  key  ${KEY}`,
      '  when 2026-01-31 12:00:00Z to 12:01:00Z, 2 findings',
      '  why  what finding 1 saw',
      '       Latest: what finding 2 saw',
      '  do   1. look',
      `       2. aws kms disable-key --key-id ${KEY}`,
      `  id   ${shown.id.slice(0, 16)} version 2 (updated), T1530`,
    ].join('\n'),
  );
});

test('what came from outside cannot steer the terminal', () => {
  const shown = presentAlert({ ...alert(), principal: `${ROLE}\u001b[2J\u202e\r`, title: 'a\u0007b' });
  // eslint-disable-next-line no-control-regex
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test('pages are for high and critical, and the grades ascend together in every column', () => {
  expect(Severity.options.map(routeOf)).toEqual(['digest', 'ticket', 'ticket', 'page', 'page']);
  for (let at = 1; at < Severity.options.length; at += 1) {
    const [less, more] = [Severity.options[at - 1]!, Severity.options[at]!];
    expect([isGraver(more, less), isGraver(less, more), isGraver(less, less)]).toEqual([true, false, false]);
    expect(GRADES[more].ecsRiskScore).toBeGreaterThan(GRADES[less].ecsRiskScore);
    expect(GRADES[more].cef).toBeGreaterThan(GRADES[less].cef);
    expect(GRADES[more].syslog).toBeLessThan(GRADES[less].syslog);
  }
});
