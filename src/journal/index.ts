export { Journal, type Decide, type Decided, type EventDraft, type JournalOptions, type Recorded } from './journal.ts';
export { TABLES, type StateView, type TableName, type Write } from './state.ts';
export { openJournalReader, type OpenedReader } from './reader.ts';
