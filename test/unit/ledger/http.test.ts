import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ledgerHandler, openLedger } from '../../../src/ledger/index.ts';
import { entries, signer } from '../../support/ledger/given.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';

const disk = new MemoryDisk();
await (await openLedger(disk, signer)).append(entries(0, 300));
const handle = ledgerHandler({ dir: disk });

const get = (path: string, init?: RequestInit): Promise<Response> =>
  handle(new Request(`http://127.0.0.1${path}`, init));
const bodyOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

test('the checkpoint is text that nobody keeps', async () => {
  const response = await get('/ledger/checkpoint');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-cache');
  expect(await bodyOf(response)).toEqual(await disk.read('checkpoint'));
});

test.each(['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1', 'tile/entries/000', 'tile/entries/001.p/44'])(
  '%s is bytes that everybody may keep for ever',
  async (path) => {
    const response = await get(`/ledger/${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(await bodyOf(response)).toEqual(await disk.read(path));
  },
);

test('an entry bundle is compressed for who can read that', async () => {
  const response = await get('/ledger/tile/entries/000', { headers: { 'accept-encoding': 'br, gzip;q=0.5' } });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(gunzipSync(await bodyOf(response))).toEqual(await disk.read('tile/entries/000'));
  const plain = await get('/ledger/tile/entries/000', { headers: { 'accept-encoding': 'gzip;q=0' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
});

test('HEAD says the same without the bytes', async () => {
  const response = await get('/ledger/tile/0/000', { method: 'HEAD' });
  expect(response.headers.get('content-length')).toBe('8192');
  expect((await bodyOf(response)).length).toBe(0);
});

test.each([
  '/ledger/signed-head',
  '/ledger/tile/0/002',
  '/ledger/tile/0/000.tmp',
  '/ledger/tile/0/../../signed-head',
  '/ledger/tile/0/..%2f..%2fsigned-head',
  '/ledger/%63heckpoint',
  '/ledger/tile/0/000.p/',
  '/ledger/',
  '/ledger',
  '/checkpoint',
  '/',
])('%s is not served, and that is not kept', async (path) => {
  const response = await get(path);
  expect(response.status).toBe(404);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('only reading is allowed', async () => {
  const response = await get('/ledger/checkpoint', { method: 'POST', body: 'x' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD');
});
