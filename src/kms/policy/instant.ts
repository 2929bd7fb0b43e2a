/** Year, month and day, then time and zone, each optional after the one before it. */
const W3C = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?)?)?$/;
const EPOCH_SECONDS = /^-?\d{1,12}(?:\.\d{1,9})?$/;

/**
 * A moment in milliseconds of the Unix epoch, from one of the W3C forms of ISO 8601 (w3.org/TR/NOTE-datetime) or from
 * epoch seconds; four digits are a year. Undefined for anything else, and for days that do not exist.
 */
export function parseInstant(text: string): number | undefined {
  const [whole, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] =
    W3C.exec(text) ?? [];
  if (whole === undefined) return EPOCH_SECONDS.test(text) ? Number(text) * 1000 : undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const date = `${String(year)}-${month}-${day}`;
  const midnightMs = Date.parse(`${date}T00:00:00Z`);
  // 31 February may be carried over into March.
  if (Number.isNaN(midnightMs) || !new Date(midnightMs).toISOString().startsWith(date)) return undefined;
  const timeMs = (Number(hour) * 3600 + Number(minute) * 60 + Number(`${second}${fraction}`)) * 1000;
  return midnightMs + timeMs - zoneMs(zone);
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
