export type { Decide, Decided, EventDraft, Recorded } from './decision.ts';
export { Journal, type JournalOptions } from './journal.ts';
export { TABLES, type StateView, type TableName, type Write } from './state.ts';
export { openJournalReader, type OpenedReader } from './reader.ts';
