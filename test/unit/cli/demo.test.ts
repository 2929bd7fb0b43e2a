import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/app/config.ts';
import { alertQuery, asCurl, callsQuery } from '../../../src/cli/demo/by-sql.ts';
import { openNarrator } from '../../../src/cli/demo/narrator.ts';
import {
  administratorPolicy,
  deny,
  keyPolicy,
  KEYS,
  servicePolicy,
  type Part,
} from '../../../src/cli/demo/policies.ts';
import { openTerminal } from '../../../src/cli/terminal.ts';
import { parsePolicy } from '../../../src/kms/policy/index.ts';
import { memorySink } from './memory-sink.ts';

const account = '000000000000';
const arnOf = (part: Part): string => `arn:aws:iam::${account}:role/demo-1/${part}`;
const principal = arnOf('reports');

test('every policy of the company is one that the service accepts', () => {
  for (const text of [administratorPolicy, servicePolicy])
    expect(parsePolicy(text, 'identity')).toMatchObject({ ok: true });
  const shut = deny('ShutOut', principal, ['Decrypt']);
  for (const key of KEYS)
    expect(parsePolicy(keyPolicy(key, account, arnOf, [shut]), 'key')).toMatchObject({ ok: true });
});

test('the administrator has no right to open anything', () => {
  expect(administratorPolicy).not.toMatch(/Decrypt|Encrypt|GenerateDataKey|kms:\*/);
});

test('the command to paste reads its password from where it lies and shows none', () => {
  const config = parseConfig({ KEYLEDGER_DATA: "/srv/it's here", KEYLEDGER_CLICKHOUSE_PORT: '7777' });
  const text = asCurl(config, alertQuery(principal)).join('\n');
  expect(text).toContain('/clickhouse/users.json');
  expect(text).toContain(`'http://127.0.0.1:7777/?database=keyledger'`);
  expect(text).toContain(`WHERE principal = '${principal}'`);
  expect(text).toMatch(/FORMAT Vertical"$/);
});

test('with a ClickHouse of your own the command to paste reads its settings from the environment', () => {
  const config = parseConfig({
    CLICKHOUSE_URL: 'http://clickhouse:8123',
    CLICKHOUSE_USER: 'me',
    CLICKHOUSE_PASSWORD: 'hunter2',
  });
  const text = asCurl(config, callsQuery(principal)).join('\n');
  expect(text).not.toContain('hunter2');
  expect(text).toContain('"$CLICKHOUSE_PASSWORD"');
  expect(text).toContain('"${CLICKHOUSE_URL%/}/?database=keyledger"');
});

test('the story is lines for a person and documents for a program', () => {
  const tell = (json: boolean): string[] => {
    const stdout = memorySink();
    const terminal = openTerminal({ stdout, stderr: memorySink(), environment: {}, json });
    const narrator = openNarrator(terminal, () => 65_432);
    narrator.say('rotation', 'administrator', 'rotates', { key: 'k' });
    narrator.show('sli', ['a', 'b'], { rows: [] });
    narrator.show('sli', ['c'], { rows: [1] });
    return stdout.lines;
  };
  expect(tell(false)).toEqual(['01:05  administrator   rotates', '', '  a', '  b', '', '  c', '']);
  expect(tell(true).map((line) => JSON.parse(line) as unknown)).toEqual([
    { at: 65.432, step: 'rotation', who: 'administrator', text: 'rotates', key: 'k' },
    { at: 65.432, step: 'sli', rows: [] },
    { at: 65.432, step: 'sli', rows: [1] },
  ]);
});
