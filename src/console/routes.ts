import type { Handler } from './http.ts';
import { overviewPage, STYLE } from './page.ts';
import type { ServiceStatus } from './status.ts';

export interface ConsoleParts {
  readonly status: () => Promise<ServiceStatus>;
  /** Prometheus text of every process. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Serves everything below `/ledger/`; undefined where this process tree has no ledger. */
  readonly ledger: Handler | undefined;
}

const text = (body: string, status = 200): Response =>
  new Response(`${body}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });

/** The console's addresses. `/healthz`: this process lives. `/readyz`: every part can do its work. */
export function consoleRoutes({ status, metrics, ledger }: ConsoleParts): Handler {
  return async (request) => {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case '/healthz':
        return text('ok');
      case '/readyz': {
        const { ready, processes } = await status();
        return json({ ready, processes }, ready ? 200 : 503);
      }
      case '/metrics': {
        const { text: body, contentType } = await metrics();
        return new Response(body, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } });
      }
      case '/api/status':
        return json(await status());
      case '/':
        return new Response(overviewPage(await status()), {
          headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
        });
      case '/style.css':
        return new Response(STYLE, { headers: { 'content-type': 'text/css; charset=utf-8' } });
      default:
        return pathname.startsWith('/ledger/') && ledger !== undefined ? ledger(request) : text('Not found.', 404);
    }
  };
}
