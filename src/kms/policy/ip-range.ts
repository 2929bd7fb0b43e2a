/** An address as 16-bit groups: two for IPv4, eight for IPv6. */
type Address = readonly number[];

/** Addresses that share their first bits. */
export interface IpRange {
  readonly address: Address;
  readonly prefixBits: number;
}

const OCTET = /^(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/** CIDR notation (RFC 4632, RFC 4291); an address alone is itself. Undefined for anything else. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const widest = address.length * 16;
  if (slash === -1) return { address, prefixBits: widest };
  const prefix = text.slice(slash + 1);
  const prefixBits = PREFIX.test(prefix) ? Number(prefix) : Infinity;
  return prefixBits <= widest ? { address, prefixBits } : undefined;
}

/** Undefined for what is no address. An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is the IPv4 address. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const groups = parseIpv6(text);
  const mapped = groups?.[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return mapped ? groups.slice(6) : groups;
}

export function isInRange(range: IpRange, address: Address): boolean {
  if (address.length !== range.address.length) return false;
  let bits = range.prefixBits;
  for (let index = 0; bits > 0; index += 1, bits -= 16) {
    const difference = (address[index] ?? 0) ^ (range.address[index] ?? 0);
    if ((bits >= 16 ? difference : difference >>> (16 - bits)) !== 0) return false;
  }
  return true;
}

function parseIpv4(text: string): Address | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet))) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return [a * 256 + b, c * 256 + d];
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const before = parseGroups(halves[0] ?? '', halves.length === 1);
  const after = parseGroups(halves[1] ?? '', true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** Groups between colons, none for an empty text; the last may be an IPv4 address where the address ends. */
function parseGroups(text: string, endsAddress: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const tail = endsAddress && parts.at(-1)?.includes('.') === true ? parseIpv4(parts.pop() ?? '') : [];
  if (tail === undefined || !parts.every((part) => GROUP.test(part))) return undefined;
  return [...parts.map((part) => Number.parseInt(part, 16)), ...tail];
}
