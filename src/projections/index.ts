export { applyKeyEvent, foldKeyEvents, type KeyStateChanges, type KeyStates } from './key-state.ts';
export { aliasArn, type AliasRow } from './alias.ts';
export { foldUsage, type KeyUsageRow, type KeyUse } from './usage.ts';
export { foldPrincipals, type PrincipalRow } from './principals.ts';
export type { Rows, RowStore } from './rows.ts';
