export { Actor, CiphertextRef, Decision, KeyEvent, KeyRef, Kind, Origin, Outcome, Timing } from './key-event.ts';
export { Change, DocumentRef, type ChangeOf, type ChangeType } from './changes.ts';
export { Finding, Severity } from './finding.ts';
export { Alert } from './alert.ts';
export { KeyStateRow } from './key-state.ts';
export { Arn, AccountId, AliasName, Digest, KeyId, Micros, Time } from './primitives.ts';
export {
  encodeAlert,
  encodeFinding,
  encodeKeyState,
  parseAlert,
  parseFinding,
  parseKeyEvent,
  parseKeyState,
  type Parsed,
} from './codec.ts';
export { TOPICS, type Topic } from './topics.ts';
export { encodeKeyEvent, encodePlaced, type Placing } from './encode-key-event.ts';
