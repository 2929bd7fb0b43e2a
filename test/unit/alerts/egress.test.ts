import { expect, test } from 'vitest';
import { isPublicAddress, parseReceiverUrl, resolveReceiver } from '../../../src/alerts/egress.ts';

const PRIVATE = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '100::1',
];

test('addresses behind us are told from those of the public internet', () => {
  for (const address of PRIVATE) expect([address, isPublicAddress(address)]).toEqual([address, false]);
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::200e']) {
    expect([address, isPublicAddress(address)]).toEqual([address, true]);
  }
  for (const text of ['', 'localhost', '8.8.8', '1.2.3.4.5', 'fe80::1%eth0']) expect(isPublicAddress(text)).toBe(false);
});

test('a URL that names such an address in any spelling is refused, and is not repeated in the message', () => {
  const spellings = [
    '127.0.0.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
  ];
  for (const host of spellings) {
    expect(() => parseReceiverUrl(`https://${host}/hook/tokenvalue`, false)).toThrow(/private/);
    expect(() => parseReceiverUrl(`https://${host}/hook/tokenvalue`, false)).not.toThrow(/tokenvalue/);
  }
});

test('only https, without credentials in it, unless private receivers are allowed', () => {
  for (const url of [
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://u:p@example.com/',
    'nonsense',
  ]) {
    expect(() => parseReceiverUrl(url, false)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  }
  expect(parseReceiverUrl('http://127.0.0.1:9/', true).port).toBe('9');
  expect(() => parseReceiverUrl('ftp://127.0.0.1/', true)).toThrow();
});

test('a name is resolved, and refused when any of its addresses is private', async () => {
  const url = new URL('https://receiver.example/');
  const answering =
    (...addresses: string[]) =>
    () =>
      Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  expect(await resolveReceiver(url, false, answering('8.8.8.8', '2606:4700::1111'))).toEqual({
    address: '8.8.8.8',
    family: 4,
  });
  for (const address of PRIVATE) {
    await expect(resolveReceiver(url, false, answering('8.8.8.8', address))).rejects.toThrow(/not public/);
  }
  await expect(resolveReceiver(url, false, answering())).rejects.toThrow(/no address/);
  expect(await resolveReceiver(url, true, answering('127.0.0.1'))).toEqual({ address: '127.0.0.1', family: 4 });
});
