/** What the two event topics are keyed by: all events of one key, and all of one principal, keep their order. */
export interface EventKeys {
  /** The key's ARN; the caller's account where the event is about no key. */
  readonly key: string;
  /** The ARN of who asked. */
  readonly principal: string;
}

/** Where an event that cannot be read goes: readers set it aside with their own reason. */
const UNREADABLE: EventKeys = { key: '', principal: '' };

/** Keys of an event from its canonical bytes. The schema is the readers' business: this only looks at three members. */
export function eventKeys(bytes: Uint8Array): EventKeys {
  let event: unknown;
  try {
    event = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return UNREADABLE;
  }
  const actor = member(event, 'actor');
  const account = text(member(actor, 'account'));
  return {
    key: text(member(member(event, 'key'), 'arn')) || account,
    principal: text(member(actor, 'arn')) || account,
  };
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
