import { expect, test } from 'vitest';
import { attribute, type CpuProfile } from '../../bench/profile-rooms.ts';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 0 });

/** A request that verifies a signature with a native HMAC and is answered through Node's own writer; then rubbish and rest. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 6, 7] },
    { id: 2, callFrame: frame('parserOnMessage', 'node:_http_server'), children: [3, 5] },
    { id: 3, callFrame: frame('verifySignature', 'file:///x/dist/kms/api/sigv4.js'), children: [4] },
    { id: 4, callFrame: frame('digest', 'node:internal/crypto/hash') },
    { id: 5, callFrame: frame('writev') },
    { id: 6, callFrame: frame('(garbage collector)') },
    { id: 7, callFrame: frame('(idle)') },
  ],
  startTime: 1_000,
  //        before,  sigv4, its hmac, write, gc, idle, after
  samples: [3, 3, 4, 5, 6, 7, 3],
  timeDeltas: [0, 1_000, 400, 400, 100, 100, 1_000],
};

test('a sample counts for the innermost room it is in, native work below it included', () => {
  const { rooms } = attribute(profile, 2_000, 3_500);
  expect(Object.fromEntries(rooms.map(({ room, share }) => [room, Math.round(share * 100)]))).toEqual({
    sigv4: 80,
    http: 10,
    gc: 10,
  });
});

test('time at rest is told apart, and what lies outside the measurement is left out', () => {
  const { idle, functions } = attribute(profile, 2_000, 3_500);
  expect(idle).toBeCloseTo(0.5);
  expect(functions.map(({ name }) => name)).toEqual(['verifySignature', 'digest', 'writev', '(garbage collector)']);
});
