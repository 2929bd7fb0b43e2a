import type { Finding, KeyEvent } from '../events/index.ts';
import type { Claim, Detector } from './detector.ts';
import type { Section } from './snapshot.ts';

interface Entity {
  baseline: unknown;
  /** Value of the event counter when this entity last moved to the end of the map. */
  moved: number;
}

/**
 * One detector at work on one partition: the baselines of its entities, at most `maxEntities`. When there are more, the
 * least recently seen is forgotten (to within an eighth of the cap in events: moving an entity on every event would
 * cost more than the detector itself). A flood of new entities therefore costs memory up to the cap and no more.
 */
export class Watch {
  readonly #detector: Detector<unknown>;
  readonly #maxEntities: number;
  readonly #entities = new Map<string, Entity>();
  #events = 0;
  #evicted = 0;

  constructor(detector: Detector<unknown>, maxEntities: number) {
    this.#detector = detector;
    this.#maxEntities = maxEntities;
  }

  get claim(): Claim {
    return this.#detector.claim;
  }

  get size(): number {
    return this.#entities.size;
  }

  /** Entities forgotten for lack of room, since the start. */
  get evicted(): number {
    return this.#evicted;
  }

  observe(event: KeyEvent): readonly Finding[] {
    const scope = this.#detector.scope(event);
    if (scope === undefined) return [];
    const entity = this.#entityOf(scope);
    const [baseline, findings] = this.#detector.observe(entity.baseline, event);
    entity.baseline = baseline;
    return findings;
  }

  #entityOf(scope: string): Entity {
    this.#events += 1;
    const known = this.#entities.get(scope);
    if (known === undefined) return this.#add(scope, this.#detector.initial());
    if (this.#events - known.moved > this.#maxEntities / 8) {
      this.#entities.delete(scope);
      this.#entities.set(scope, known);
      known.moved = this.#events;
    }
    return known;
  }

  #add(scope: string, baseline: unknown): Entity {
    if (this.#entities.size >= this.#maxEntities) {
      const [oldest] = this.#entities.keys();
      if (oldest !== undefined) this.#entities.delete(oldest);
      this.#evicted += 1;
    }
    const entity = { baseline, moved: this.#events };
    this.#entities.set(scope, entity);
    return entity;
  }

  section(): Section {
    const entities = this.#entities;
    return {
      id: this.#detector.claim.id,
      version: this.#detector.claim.version,
      size: entities.size,
      *entries() {
        for (const [scope, { baseline }] of entities) yield [scope, baseline] as const;
      },
    };
  }

  /** Takes over what was saved; false when any of it is not a baseline of this detector, which then starts anew. */
  restore(section: Section): boolean {
    const { claim, baseline: schema } = this.#detector;
    if (section.version !== claim.version) return false;
    for (const [scope, raw] of section.entries()) {
      const parsed = schema.safeParse(raw);
      if (!parsed.success) {
        this.#entities.clear();
        return false;
      }
      this.#add(scope, parsed.data);
    }
    return true;
  }
}
