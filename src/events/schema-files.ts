import { z } from 'zod';
import { Alert } from './alert.ts';
import { Finding } from './finding.ts';
import { KeyEvent } from './key-event.ts';
import { KeyStateRow } from './key-state.ts';

const CONTRACTS = { 'key-event': KeyEvent, 'key-state': KeyStateRow, finding: Finding, alert: Alert } as const;

/** The files of `schemas/` by name: each contract as JSON Schema (draft 2020-12), for readers in other languages. */
export function schemaFiles(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(CONTRACTS).map(([name, contract]) => {
      const schema = { $id: `urn:keyledger:${name}:${contract.shape.v.value}`, ...z.toJSONSchema(contract) };
      return [`${name}.json`, `${JSON.stringify(schema, undefined, 2)}\n`];
    }),
  );
}
