import type { Alert, Severity } from '../events/index.ts';

/** What one of our severities is called elsewhere, and where it goes here. */
interface Grade {
  readonly route: Alert['route'];
  /** OCSF `severity_id`. */
  readonly ocsf: number;
  /** ECS `event.risk_score`, the values of Elastic's own rules. */
  readonly ecsRiskScore: number;
  /** CEF and LEEF severity. */
  readonly cef: number;
  /** RFC 5424 severity. */
  readonly syslog: number;
  readonly pagerDuty: 'critical' | 'error' | 'warning' | 'info';
  readonly alertmanager: 'critical' | 'warning' | 'info';
  readonly sentinel: 'Informational' | 'Low' | 'Medium' | 'High';
}

/** The one severity table: every sink and format reads it, so that an alert is as grave in one place as in another. */
export const GRADES: Readonly<Record<Severity, Grade>> = {
  info: {
    route: 'digest',
    ocsf: 1,
    ecsRiskScore: 10,
    cef: 2,
    syslog: 6,
    pagerDuty: 'info',
    alertmanager: 'info',
    sentinel: 'Informational',
  },
  low: {
    route: 'ticket',
    ocsf: 2,
    ecsRiskScore: 21,
    cef: 3,
    syslog: 5,
    pagerDuty: 'info',
    alertmanager: 'info',
    sentinel: 'Low',
  },
  medium: {
    route: 'ticket',
    ocsf: 3,
    ecsRiskScore: 47,
    cef: 5,
    syslog: 4,
    pagerDuty: 'warning',
    alertmanager: 'warning',
    sentinel: 'Medium',
  },
  high: {
    route: 'page',
    ocsf: 4,
    ecsRiskScore: 73,
    cef: 8,
    syslog: 3,
    pagerDuty: 'error',
    alertmanager: 'warning',
    sentinel: 'High',
  },
  critical: {
    route: 'page',
    ocsf: 5,
    ecsRiskScore: 99,
    cef: 10,
    syslog: 2,
    pagerDuty: 'critical',
    alertmanager: 'critical',
    sentinel: 'High',
  },
};

export const routeOf = (severity: Severity): Alert['route'] => GRADES[severity].route;

/** True when `one` is graver than `other`. */
export const isGraver = (one: Severity, other: Severity): boolean => GRADES[one].ocsf > GRADES[other].ocsf;
