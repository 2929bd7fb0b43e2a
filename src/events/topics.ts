/** Names of the topics; the same in Kafka and in the embedded log. */
export const TOPICS = {
  keyEvents: 'keyledger.key-events',
  eventsByPrincipal: 'keyledger.events-by-principal',
  keyState: 'keyledger.key-state',
  findings: 'keyledger.findings',
  alerts: 'keyledger.alerts',
  deadLetter: 'keyledger.dead-letter',
} as const;

export type Topic = (typeof TOPICS)[keyof typeof TOPICS];
