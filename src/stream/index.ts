export type { Batch, Delivered, EventLog, JournalReader, Message, Subscription } from './event-log.ts';
export type { Consumer, Item, Rejection } from './consumer.ts';
export { openMemoryLog, createMemoryStore, type MemoryLog, type MemoryStore } from './memory.ts';
export { openEmbeddedLog, type EmbeddedLogOptions } from './embedded.ts';
export { openKafkaLog, type KafkaLog, type KafkaLogOptions } from './kafka.ts';
export { startRelay, type Relay, type RelayOptions } from './relay.ts';
export { eventKeys, type EventKeys } from './event-keys.ts';
export { openFileCheckpoint, type Checkpoint } from './checkpoint.ts';
export {
  deadLettersIn,
  runConsumer,
  type ConsumerCounts,
  type RunOptions,
  type RunningConsumer,
  type SetAside,
} from './run.ts';
export { DeadLetter, encodeDeadLetter, parseDeadLetter, toDeadLetter, type Poison } from './dead-letter.ts';
export { SeqTracker } from './seq-tracker.ts';
export { backoffMs, sleep, type Backoff } from './backoff.ts';
