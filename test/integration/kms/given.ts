import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { KMSClient, KMSServiceException } from '@aws-sdk/client-kms';
import { expect } from 'vitest';
import { systemClock, type Clock, type Log } from '../../../src/base/index.ts';
import { dataPaths } from '../../../src/app/config.ts';
import { openVault, operatorOf, type Vault } from '../../../src/app/vault.ts';
import { parseKeyEvent, type KeyEvent } from '../../../src/events/index.ts';
import { startApiServer, type ApiServer } from '../../../src/kms/api/index.ts';
import {
  KeyService,
  PROTECTIVE_QUOTAS,
  Throttle,
  addPrincipal,
  removePrincipal,
  rootArn,
  runDueWork,
  type Credentials,
  type Quotas,
} from '../../../src/kms/index.ts';

export const ACCOUNT = '000000000000';
export const OTHER_ACCOUNT = '111111111111';
export const REGION = 'eu-central-1';
export const DAY_US = 86_400_000_000;

/** The machine's clock, moved by as much as a test says. */
export interface MovedClock extends Clock {
  aheadUs: number;
}

/** What one call was answered, as its client saw it. */
export interface Answered {
  readonly operation: string;
  readonly seq: number | undefined;
  readonly requestId: string;
  readonly status: number;
  readonly errorCode: string | undefined;
}

export interface Refused {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  /** The event that recorded the call. */
  readonly event: KeyEvent;
}

/** The write side as it is, on a directory of its own and behind its own HTTP server; clients are the SDK's. */
export interface Given {
  readonly directory: string;
  readonly clock: MovedClock;
  readonly logged: string[];
  readonly answered: Answered[];
  readonly vault: Vault;
  readonly service: KeyService;
  readonly endpoint: string;
  /** Makes a principal and gives a client of it. Policies are identity policies. */
  as(arn: string, policies?: Readonly<Record<string, unknown>>): Promise<KMSClient>;
  client(credentials: Credentials, region?: string): KMSClient;
  /** A client of the account's root. */
  readonly root: KMSClient;
  remove(arn: string): Promise<unknown>;
  events(): KeyEvent[];
  /** The event of an answer. */
  eventOf(answer: { readonly $metadata: { readonly requestId?: string } }): KeyEvent;
  refusalOf(sent: Promise<unknown>): Promise<Refused>;
  dueWork(): Promise<number>;
  /** Ends the process's worth of objects and starts anew on the same directory. */
  restart(): Promise<void>;
  /** Ends it, and holds every answer against its event. */
  close(): Promise<void>;
}

export async function givenService(options: { quotas?: Quotas; keep?: boolean } = {}): Promise<Given> {
  const directory = mkdtempSync(join(tmpdir(), 'keyledger-kms-'));
  const paths = dataPaths(directory);
  const clock: MovedClock = {
    aheadUs: 0,
    nowUs: () => systemClock.nowUs() + clock.aheadUs,
    monotonicUs: () => systemClock.monotonicUs(),
  };
  const logged: string[] = [];
  const write = (event: string, fields?: unknown): void =>
    void logged.push(`${event} ${inspect(fields, { depth: null })}`);
  const log: Log = { info: write, warn: write, error: write };
  const answered: Answered[] = [];
  const clients: KMSClient[] = [];
  let vault: Vault;
  let service: KeyService;
  let server: ApiServer;

  const start = async (): Promise<void> => {
    vault = await openVault({ paths, account: ACCOUNT, clock, log });
    const throttle = new Throttle(options.quotas ?? PROTECTIVE_QUOTAS);
    service = new KeyService({ ...vault, throttle, clock, log });
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      clock,
      log,
      handle: (request) => service.handle(request),
    });
  };
  const stop = async (): Promise<void> => {
    for (const client of clients.splice(0)) client.destroy();
    await server.close();
    await vault.journal.close();
  };
  const client = ({ accessKeyId, secretAccessKey }: Credentials, region = REGION): KMSClient => {
    const made = new KMSClient({
      region,
      endpoint: `http://127.0.0.1:${String(server.port)}`,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
      systemClockOffset: clock.aheadUs / 1000,
    });
    made.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const { statusCode, headers } = result.response as { statusCode: number; headers: Record<string, string> };
        // A client believes the Date of an answer and corrects its clock; where a test has moved ours, it must not.
        if (clock.aheadUs !== 0) delete headers['date'];
        const seq = headers['x-keyledger-event'];
        answered.push({
          operation: String(context['commandName']).replace(/Command$/, ''),
          seq: seq === undefined ? undefined : Number(seq),
          requestId: headers['x-amzn-requestid'] ?? '',
          status: statusCode,
          errorCode: headers['x-amzn-errortype'],
        });
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
    clients.push(made);
    return made;
  };
  const as = async (arn: string, policies: Readonly<Record<string, unknown>> = {}): Promise<KMSClient> => {
    const texts = Object.entries(policies).map(([name, policy]) => ({ name, text: JSON.stringify(policy) }));
    const added = await addPrincipal(vault.journal, vault.keyring, operatorOf(ACCOUNT), { arn, policies: texts });
    if ('code' in added) throw new Error(added.message);
    return client(added);
  };
  const events = (): KeyEvent[] =>
    vault.journal.read(1, 1_000_000).map(({ bytes }) => {
      const parsed = parseKeyEvent(bytes);
      if (!parsed.ok) throw new Error(`an event that is not one: ${parsed.reason} ${bytes.toString('utf8')}`);
      return parsed.value;
    });
  const eventBy = (requestId: string | undefined): KeyEvent => {
    const found = events().filter(({ trace }) => trace.requestId === requestId);
    expect(found).toHaveLength(1);
    return found[0] as KeyEvent;
  };
  await start();
  let root = await as(rootArn(ACCOUNT));

  return {
    directory,
    clock,
    logged,
    answered,
    get vault() {
      return vault;
    },
    get service() {
      return service;
    },
    get endpoint() {
      return `http://127.0.0.1:${String(server.port)}`;
    },
    get root() {
      return root;
    },
    as,
    client,
    events,
    remove: (arn) => removePrincipal(vault.journal, operatorOf(ACCOUNT), arn),
    eventOf: ({ $metadata }) => eventBy($metadata.requestId),
    refusalOf: async (sent) => {
      const thrown: unknown = await sent.then(
        () => new Error('was not refused'),
        (error: unknown) => error,
      );
      if (!(thrown instanceof KMSServiceException)) throw thrown;
      const { name, message, $metadata } = thrown;
      return { name, message, status: $metadata.httpStatusCode, event: eventBy($metadata.requestId) };
    },
    dueWork: () => runDueWork(vault.journal, vault.keyStore, clock),
    restart: async () => {
      await stop();
      await start();
      root = await as(rootArn(ACCOUNT));
    },
    close: async () => {
      try {
        expectEventPerAnswer(answered, events());
      } finally {
        await stop();
        if (options.keep !== true) rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

/** Oracle (a) of the fault matrix: each answer names its one event, and the two say the same. */
function expectEventPerAnswer(answered: readonly Answered[], events: readonly KeyEvent[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  const said = answered.map(({ operation, requestId, seq, errorCode, status }) => ({
    operation,
    requestId,
    seq,
    errorCode,
    outcome: status === 200 ? 'success' : outcomeOf(errorCode),
  }));
  const recorded = answered.map(({ requestId }) => {
    const own = events.filter(({ trace }) => trace.requestId === requestId);
    if (own.length !== 1) return { requestId, events: own.length };
    const { operation, seq, errorCode, outcome } = own[0] as KeyEvent;
    return { operation, requestId, seq, errorCode, outcome };
  });
  expect(recorded).toEqual(said);
}

function outcomeOf(errorCode: string | undefined): KeyEvent['outcome'] {
  if (errorCode === 'ThrottlingException') return 'throttled';
  if (errorCode === 'KMSInternalException' || errorCode === 'KeyUnavailableException') return 'failed';
  const denied = /^(AccessDenied|IncompleteSignature|InvalidSignature|NotAuthorized|UnrecognizedClient)Exception$/;
  return denied.test(errorCode ?? '') ? 'denied' : 'invalid';
}

/** A key policy of these statements. */
export const policy = (...statements: readonly Readonly<Record<string, unknown>>[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** The statement that hands a key to its account's IAM policies. */
export const accountMay = (account = ACCOUNT): Readonly<Record<string, unknown>> => ({
  Sid: 'Account',
  Effect: 'Allow',
  Principal: { AWS: rootArn(account) },
  Action: 'kms:*',
  Resource: '*',
});
