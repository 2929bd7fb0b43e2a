import { parseIsoMicros } from '../base/index.ts';

let cachedMinute = '';
let cachedMinuteUs = 0;

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;

/**
 * Event time in microseconds since the epoch; undefined for a date that does not exist. The text has the shape of
 * `Time` (its schema has been checked). Every detector asks for every event, so the minute, which rarely changes, is
 * remembered: this only saves work, the answer depends on the text alone.
 */
export function eventTimeUs(time: string): number | undefined {
  const minute = time.slice(0, 16);
  if (minute !== cachedMinute) {
    const us = parseIsoMicros(`${minute}:00.000000Z`);
    if (us === undefined) return undefined;
    cachedMinute = minute;
    cachedMinuteUs = us;
  }
  const second = digit(time, 17) * 10 + digit(time, 18);
  if (second > 59) return undefined;
  let micros = 0;
  for (let at = 20; at < 26; at += 1) micros = micros * 10 + digit(time, at);
  return cachedMinuteUs + second * 1_000_000 + micros;
}
