import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/index.ts';
import type { Claim } from './detector.ts';

/** The id of a finding: what caused it, hashed. `windowStart` is RFC 3339; together they never repeat by accident. */
export const findingId = (claim: Claim, entity: string, windowStart: string): string =>
  createHash('sha256')
    .update(canonicalJson([claim.id, claim.version, entity, windowStart]))
    .digest('hex');
