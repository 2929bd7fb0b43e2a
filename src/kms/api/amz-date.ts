/** `20260131T120000Z`: the length of ISO 8601 basic format, and where its digits stand. */
const LENGTH = 16;
const digits = (text: string, from: number, to: number): number => {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
};

/** Milliseconds since the epoch of an ISO 8601 basic UTC time; undefined for anything else, an impossible date included. */
export function parseAmzDate(text: string): number | undefined {
  if (text.length !== LENGTH || text.charAt(8) !== 'T' || text.charAt(15) !== 'Z') return undefined;
  const month = digits(text, 4, 6);
  const day = digits(text, 6, 8);
  const hour = digits(text, 9, 11);
  const minute = digits(text, 11, 13);
  const second = digits(text, 13, 15);
  const ms = Date.UTC(digits(text, 0, 4), month - 1, day, hour, minute, second);
  if (Number.isNaN(ms) || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  // Date.UTC carries 31 April over into May.
  return day >= 1 && new Date(ms).getUTCDate() === day ? ms : undefined;
}

/** Inverse of {@link parseAmzDate}, to the second. */
export const formatAmzDate = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** A `Date` header, for clients that send no X-Amz-Date: IMF-fixdate (RFC 9110, section 5.6.7) or ISO 8601 basic. */
export function parseDateHeader(text: string): number | undefined {
  if (!IMF_FIXDATE.test(text)) return parseAmzDate(text);
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
