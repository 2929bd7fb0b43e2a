import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/base/index.ts';
import { Change } from '../../../src/events/index.ts';
import { codecOf, fixtures } from './fixtures.ts';

/** RFC 6962, section 2.1: the hash of a leaf, here of an event's canonical bytes. */
const leafHash = (bytes: Uint8Array): string =>
  createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest('hex');

const shipped = JSON.parse(
  readFileSync(new URL('../../fixtures/event-leaf-hashes.json', import.meta.url), 'utf8'),
) as Record<string, string>;

describe('what was ever written', () => {
  test.each([...fixtures])('%s is still read, and written again it is the same bytes', (name, written) => {
    const { parse, encode } = codecOf(name);
    const bytes = Buffer.from(canonicalJson(written));

    const parsed = parse(bytes);

    expect(parsed).toEqual({ ok: true, value: written });
    if (parsed.ok) expect(encode(parsed.value).equals(bytes)).toBe(true);
  });

  // A released fixture is never edited: a contract that changes gets a new version, an upcaster and a fixture of its own.
  test('has the leaf hashes that it had when it was written, so that old proofs hold', () => {
    const now = Object.fromEntries(
      [...fixtures].map(([name, written]) => [name, leafHash(codecOf(name).encode(written))]),
    );
    expect(now).toEqual(shipped);
  });

  test('includes every kind of change in every version up to the present one', () => {
    const kept = Change.options.flatMap(({ shape }) => {
      const type = shape.type.value;
      const version: number = shape.v.value;
      return Array.from({ length: version }, (_, past) => `${type}.v${past + 1}`);
    });
    expect(kept.filter((name) => !fixtures.has(name))).toEqual([]);
  });

  test.each(Change.options.map((option) => option.shape.type.value))('the fixture of %s holds that change', (type) => {
    expect(fixtures.get(`${type}.v1`)).toMatchObject({ changes: [{ type, v: 1 }] });
  });
});
