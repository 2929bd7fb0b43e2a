import type { z } from 'zod';
import type { Finding, KeyEvent, Severity } from '../events/index.ts';

/** What a detector says of itself: documentation and alerts are made from it. */
export interface Claim {
  /** `KL-06`. */
  readonly id: string;
  readonly title: string;
  /** Raised whenever the same events could give other findings; baselines of another version are not taken over. */
  readonly version: number;
  readonly severity: Severity;
  /** ATT&CK technique ids. */
  readonly techniques: readonly string[];
  readonly falsePositives: readonly string[];
  /** What it cannot see. Known gaps are better than unknown ones. */
  readonly blindSpots: readonly string[];
  /** What to do, in order, in general; a finding carries the same with names filled in. */
  readonly triage: readonly string[];
}

/**
 * One detector: a fold over the events of an entity. It reads no clock and no randomness: what it finds depends on the
 * events and their order alone, so that a replay gives the same findings with the same ids.
 *
 * Members are methods on purpose: an engine holds detectors of different baselines in one list, and hands each only
 * the baselines it made itself.
 */
export interface Detector<Baseline> {
  readonly claim: Claim;
  /** What a baseline may look like. Snapshots come from a disk and are distrusted. */
  readonly baseline: z.ZodType<Baseline>;
  /** Whose baseline this event belongs to; undefined when it says nothing to this detector. */
  scope(event: KeyEvent): string | undefined;
  /** The baseline of an entity never seen before. */
  initial(): Baseline;
  /**
   * The baseline after the event, and what the event completes the evidence for. The baseline handed in belongs to
   * the engine and is given up by it: it may be changed in place and returned. Amortised O(1).
   */
  observe(baseline: Baseline, event: KeyEvent): readonly [Baseline, readonly Finding[]];
}
