/** Where time comes from. Pure rooms never see one: they are handed the time of the event. */
export interface Clock {
  /** Wall time in microseconds since the Unix epoch. */
  nowUs(): number;
  /** Monotonic time in microseconds since an arbitrary point; for durations only. */
  monotonicUs(): number;
}

const monotonicUs = (): number => Math.floor(performance.now() * 1000);

/** What added to monotonic time gives wall time; corrected whenever Date.now() disagrees. */
let wallOffsetUs = Date.now() * 1000 - monotonicUs();

/**
 * Date.now() follows a clock that is set but has no microseconds; performance.now() has them but drifts away. So the
 * second counts inside the millisecond of the first, and time goes back only when the machine's clock does.
 */
function nowUs(): number {
  const monotonic = monotonicUs();
  const floor = Date.now() * 1000;
  const us = Math.min(Math.max(monotonic + wallOffsetUs, floor), floor + 999);
  wallOffsetUs = us - monotonic;
  return us;
}

export const systemClock: Clock = { nowUs, monotonicUs };

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

let cachedSecond = -1;
let cachedPrefix = '';

/** RFC 3339 UTC with six fractional digits: `2026-01-31T12:00:00.123456Z`. */
export function toIsoMicros(us: number): string {
  const second = Math.floor(us / 1_000_000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedPrefix = new Date(second * 1000).toISOString().slice(0, 20);
  }
  return `${cachedPrefix}${pad(us - second * 1_000_000, 6)}Z`;
}

const ISO_MICROS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Inverse of {@link toIsoMicros}; undefined for anything else, an impossible date included. */
export function parseIsoMicros(text: string): number | undefined {
  if (!ISO_MICROS.test(text)) return undefined;
  const ms = Date.parse(`${text.slice(0, 19)}Z`);
  if (Number.isNaN(ms)) return undefined;
  // Date.parse carries 30 February and 24:00 over into the next day instead of refusing them.
  if (new Date(ms).getUTCDate() !== Number(text.slice(8, 10))) return undefined;
  return ms * 1000 + Number(text.slice(20, 26));
}
