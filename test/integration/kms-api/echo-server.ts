import type { Log } from '../../../src/base/index.ts';
import * as api from '../../../src/kms/api/index.ts';
import { ACCESS_KEY_ID, SECRET } from '../../unit/kms/api/signed-request.ts';

export interface Echo {
  readonly server: api.ApiServer;
  readonly port: number;
  readonly seen: api.ApiRequest[];
  readonly logged: string[];
  close(): Promise<void>;
}

/** The whole wire with nothing behind it: verifies, validates, and answers with what it was asked. */
export async function startEcho(
  options: { limits?: Partial<api.ApiLimits>; handle?: api.ApiServerOptions['handle'] } = {},
): Promise<Echo> {
  const seen: api.ApiRequest[] = [];
  const logged: string[] = [];
  const write = (event: string, fields?: unknown): void => void logged.push(`${event} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { info: write, warn: write, error: write };
  const verifier = {
    secretOf: (id: string) => (id === ACCESS_KEY_ID ? Buffer.from(SECRET) : undefined),
    keys: new api.SigningKeyCache(),
  };
  let seq = 0;
  const echo = (request: api.ApiRequest): api.ApiResponse => {
    const parsed = api.parseAuthorization(request.headers);
    if (!parsed.ok) return api.refusalResponse(parsed.refusal);
    const verified = api.verifySignature(parsed.authorization, request.body, Date.now(), verifier);
    if (!verified.ok) return api.refusalResponse(verified.refusal);
    const { operation } = request;
    if (operation === undefined) return api.refusalResponse(api.refuse('UnknownOperationException'), (seq += 1));
    const body = api.parseBody(request.body);
    if (!body.ok) return api.refusalResponse(body.refusal, (seq += 1));
    const validated = api.validateInput(operation, body.value);
    if (!validated.ok) return api.refusalResponse(validated.refusal, (seq += 1));
    return { status: 200, body: answerTo(operation, validated.input), seq: (seq += 1) };
  };
  const handle =
    options.handle ??
    ((request) => {
      seen.push(request);
      return Promise.resolve(echo(request));
    });
  const server = await api.startApiServer({ host: '127.0.0.1', port: 0, limits: options.limits ?? {}, handle, log });
  return { server, port: server.port, seen, logged, close: () => server.close() };
}

function answerTo(operation: api.Operation, input: unknown): string {
  if (operation !== 'Encrypt') return JSON.stringify(input);
  const { KeyId, Plaintext } = input as api.InputOf<'Encrypt'>;
  return JSON.stringify({ KeyId, CiphertextBlob: Plaintext.toString('base64') });
}
