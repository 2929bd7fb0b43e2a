import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { diskOf, type LedgerDisk } from './disk.ts';
import { CHECKPOINT } from './recover.ts';
import { parseTilePath } from './tile-path.ts';

const compress = promisify(gzip);

const CHECKPOINT_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' };
const TILE_HEADERS = {
  'content-type': 'application/octet-stream',
  // A tile at a path never changes; a partial one has its width in its path.
  'cache-control': 'public, max-age=31536000, immutable',
};
const BUNDLE_HEADERS = { ...TILE_HEADERS, vary: 'accept-encoding' };

/**
 * Serves a log below a prefix (c2sp.org/tlog-tiles): `<prefix>checkpoint` and `<prefix>tile/...`, GET and HEAD. Only paths of
 * that grammar reach the file system, exactly as they were spelled, so nothing else in the directory can be asked for.
 */
export function ledgerHandler(options: {
  readonly dir: string | LedgerDisk;
  readonly prefix?: string;
}): (request: Request) => Promise<Response> {
  const disk = diskOf(options.dir);
  const prefix = options.prefix ?? '/ledger/';

  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
    }
    const { pathname } = new URL(request.url);
    const path = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : '';
    const tile = parseTilePath(path);
    const bytes = path === CHECKPOINT || tile !== undefined ? await disk.read(path) : undefined;
    // Not to be remembered: what is not there yet may be there soon.
    if (bytes === undefined) return plain(request, 404, 'Not found\n', { 'cache-control': 'no-store' });
    if (tile === undefined) return answer(request, bytes, CHECKPOINT_HEADERS);
    if (tile.level !== 'entries') return answer(request, bytes, TILE_HEADERS);
    if (!acceptsGzip(request)) return answer(request, bytes, BUNDLE_HEADERS);
    return answer(request, await compress(bytes), { ...BUNDLE_HEADERS, 'content-encoding': 'gzip' });
  };
}

function answer(request: Request, bytes: Buffer, headers: Readonly<Record<string, string>>): Response {
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(bytes), {
    status: 200,
    headers: { ...headers, 'content-length': String(bytes.length), 'x-content-type-options': 'nosniff' },
  });
}

const plain = (request: Request, status: number, text: string, headers: Readonly<Record<string, string>>): Response =>
  new Response(request.method === 'HEAD' ? null : text, {
    status,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
  });

const acceptsGzip = (request: Request): boolean =>
  (request.headers.get('accept-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase().split(';'))
    .some(([name, quality]) => name === 'gzip' && quality?.trim() !== 'q=0');
