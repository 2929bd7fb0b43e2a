const SUB_BUCKETS = 64;
const OCTAVES = 32;

/** Latencies in microseconds, log-linear: 64 buckets for each doubling, so a quantile is within 1.6 % of the true one. */
export class Histogram {
  readonly #buckets = new Float64Array(SUB_BUCKETS * OCTAVES);
  #count = 0;
  #max = 0;

  add(us: number): void {
    this.#buckets[bucketOf(us)]! += 1;
    this.#count += 1;
    if (us > this.#max) this.#max = us;
  }

  get count(): number {
    return this.#count;
  }

  get maxUs(): number {
    return this.#max;
  }

  /** 0 where nothing was added. */
  quantileUs(q: number): number {
    const wanted = q * this.#count;
    let seen = 0;
    for (const [at, count] of this.#buckets.entries()) {
      seen += count;
      if (seen > wanted) return Math.min((lowerEdge(at) + lowerEdge(at + 1)) / 2, this.#max);
    }
    return this.#max;
  }
}

function bucketOf(us: number): number {
  const whole = Math.max(0, Math.floor(us));
  if (whole < SUB_BUCKETS) return whole;
  const octave = Math.floor(Math.log2(whole / SUB_BUCKETS));
  return Math.min(
    SUB_BUCKETS * (octave + 1) + Math.floor(whole / 2 ** octave) - SUB_BUCKETS,
    SUB_BUCKETS * OCTAVES - 1,
  );
}

function lowerEdge(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const octave = Math.floor(bucket / SUB_BUCKETS) - 1;
  return ((bucket % SUB_BUCKETS) + SUB_BUCKETS) * 2 ** octave;
}
