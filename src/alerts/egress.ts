import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { OperationalError } from '../base/index.ts';

// Server-side request forgery: whoever may set a receiver's URL, or its DNS, must not reach into the network behind us.

/** Not for strangers: IANA special-purpose registries (RFC 6890 and its updates), IPv4. Link-local has the cloud metadata. */
const RESERVED_4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Within global unicast (2000::/3); all else, IPv4-mapped, NAT64, unique-local and link-local included, is refused anyway. */
const RESERVED_6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const reserved = new BlockList();
for (const [net, bits] of RESERVED_4) reserved.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of RESERVED_6) reserved.addSubnet(net, bits, 'ipv6');
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');

/** Whether an address is one of the public internet; false for what is not an address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !reserved.check(address, 'ipv4');
    case 6:
      return global6.check(address, 'ipv6') && !reserved.check(address, 'ipv6');
    default:
      return false;
  }
}

export interface Address {
  readonly address: string;
  readonly family: number;
}
export type Lookup = (host: string) => Promise<readonly Address[]>;

const lookupAll: Lookup = (host) => systemLookup(host, { all: true, verbatim: true });

/** The host of a URL without the brackets of IPv6. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * Checks what can be known before any name is resolved.
 *
 * @throws OperationalError CONFIG_INVALID naming the fault, not the URL: paths of receivers are often secrets.
 */
export function parseReceiverUrl(text: string, allowPrivate: boolean): URL {
  const fault = (why: string): OperationalError => new OperationalError('CONFIG_INVALID', `A receiver's URL ${why}`);
  if (!URL.canParse(text)) throw fault('is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) throw fault('is not https');
  if (url.username !== '' || url.password !== '') throw fault('has a user name or password in it');
  if (!allowPrivate && isIP(hostOf(url)) !== 0 && !isPublicAddress(hostOf(url))) {
    throw fault('names a private, loopback, link-local or reserved address');
  }
  return url;
}

/**
 * Resolves once; the caller connects to this address and to no other, so that a second answer of the DNS cannot differ.
 * One private address among the answers refuses them all: that mixture is how rebinding looks.
 *
 * @throws Error when the name does not resolve or resolves to what is not public: worth another try later.
 */
export async function resolveReceiver(url: URL, allowPrivate: boolean, lookup: Lookup = lookupAll): Promise<Address> {
  const host = hostOf(url);
  const family = isIP(host);
  const addresses = family === 0 ? await lookup(host) : [{ address: host, family }];
  const [first] = addresses;
  if (first === undefined) throw new Error('the name of the receiver has no address');
  if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
    throw new Error('the name of the receiver resolves to an address that is not public');
  }
  return first;
}
