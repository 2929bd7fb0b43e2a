import { expect, test } from 'vitest';
import type { Change, KeyEvent } from '../../../src/events/index.ts';
import { foldPrincipals, type PrincipalRow } from '../../../src/projections/index.ts';
import { ACCOUNT, at, digest, event } from './given.ts';

const alice = `arn:aws:iam::${ACCOUNT}:user/alice`;
const added: Change = {
  type: 'PrincipalAdded',
  v: 1,
  principal: alice,
  account: ACCOUNT,
  principalType: 'user',
  policies: [{ name: 'use', document: { digest: digest('e') } }],
  at: at(1),
};
const history: KeyEvent[] = [
  event(1, { changes: [added, { type: 'AccessKeyAdded', v: 1, principal: alice, accessKeyId: 'AK1', at: at(1) }] }),
  event(2, { changes: [{ type: 'AccessKeyAdded', v: 1, principal: alice, accessKeyId: 'AK2', at: at(2) }] }),
  event(3, { changes: [{ type: 'AccessKeyRemoved', v: 1, principal: alice, accessKeyId: 'AK1' }] }),
  event(4, { changes: [{ type: 'PrincipalRemoved', v: 1, principal: alice }] }),
];

function fold(rows: Map<string, PrincipalRow>, events: readonly KeyEvent[]): Map<string, PrincipalRow> {
  for (const row of foldPrincipals(rows, events)) rows.set(row.arn, row);
  return rows;
}

test('a principal has the policies and access keys it was given', () => {
  expect(fold(new Map(), history.slice(0, 2)).get(alice)).toEqual({
    arn: alice,
    seq: 2,
    account: ACCOUNT,
    type: 'user',
    state: 'Active',
    addedAt: at(1),
    policies: [{ name: 'use', digest: digest('e') }],
    accessKeyIds: ['AK1', 'AK2'],
  });
});

test('a removed access key is gone, and a removed principal stays known', () => {
  expect(fold(new Map(), history.slice(0, 3)).get(alice)?.accessKeyIds).toEqual(['AK2']);
  expect(fold(new Map(), history).get(alice)).toMatchObject({ state: 'Removed', accessKeyIds: [] });
});

test('a repeat changes nothing', () => {
  for (let cut = 0; cut <= history.length; cut += 1) {
    expect(fold(fold(new Map(), history.slice(0, cut)), history)).toEqual(fold(new Map(), history));
  }
});
