import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { KMSServiceException } from '@aws-sdk/client-kms';
import { EXIT } from '../../app/exit-codes.ts';
import { messageOf, OperationalError, systemClock } from '../../base/index.ts';
import type { Context } from '../command.ts';
import { withOperator } from '../data-directory.ts';
import type { Config, Operator } from '../doors.ts';
import { apiOrigin, consoleOrigin, readStatus, type ServiceStatus } from '../service-status.ts';
import { formatCount, formatMs, pause } from '../terminal.ts';
import { foundCompany, REGION, type Company } from './company.ts';
import { openNarrator, type Narrator } from './narrator.ts';
import { SERVICES } from './policies.ts';
import { lookBack } from './look-back.ts';
import type { Ending, Stage } from './stage.ts';
import { play } from './story.ts';

const READY_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 500;

/** Plays the demo against the running service. Returns 0 only if the alert came. */
export async function runDemo(context: Context, seconds: number): Promise<number> {
  const { terminal } = context;
  const config = context.settings();
  const stopped = context.untilStopped();
  // Everybody in the company listens to it at once.
  setMaxListeners(0, stopped);
  const begun = performance.now();
  const narrator = openNarrator(terminal, () => performance.now() - begun);
  const status = await untilReady(context, config, stopped);
  const endpoint = status.endpoints['api'] ?? apiOrigin(config);
  const events = status.journal === undefined ? '' : `, with ${formatCount(status.journal.head)} events so far`;
  narrator.say('ready', 'Keyledger', `${status.version} is ready at ${endpoint}${events}`, {
    version: status.version,
    endpoint,
  });
  try {
    return await withOperator(context, config, (operator) =>
      perform(context, { config, operator, endpoint, narrator, seconds, stopped }),
    );
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    if (error instanceof KMSServiceException)
      return context.refused({ code: error.name, message: explained(error, config) });
    if (isNetworkFault(error))
      throw new OperationalError(
        'SERVICE_UNREACHABLE',
        `The service at ${endpoint} stopped answering (${messageOf(error)}). See its log.`,
        { cause: error },
      );
    throw error;
  }
}

interface Performance {
  readonly config: Config;
  readonly operator: Operator;
  readonly endpoint: string;
  readonly narrator: Narrator;
  readonly seconds: number;
  readonly stopped: AbortSignal;
}

async function perform(
  context: Context,
  { config, operator, endpoint, narrator, seconds, stopped }: Performance,
): Promise<number> {
  const { account } = config;
  const sinceUs = systemClock.nowUs();
  const run = `demo-${randomBytes(3).toString('hex')}`;
  const sre = await context.doors.openSre(config);
  try {
    narrator.say('hired', 'operator', `adds an administrator and four roles: ${SERVICES.join(', ')}`, { run });
    const company = await foundCompany({ operator, endpoint, account, run });
    const aliases = Object.values(company.keys).map(({ alias }) => alias);
    narrator.say('keys', 'administrator', `has made three keys with policies: ${aliases.join(', ')}`, {
      keys: company.keys,
    });
    const stage = { terminal: context.terminal, narrator, company, sre, config, endpoint, seconds, sinceUs, stopped };
    const ending = await playAndLookBack(stage).finally(() => company.dissolve());
    narrator.say('dissolved', 'operator', 'removes the principals of this run; its keys and all events stay');
    return tellEnding(context, narrator, config, company, ending, stopped.aborted);
  } finally {
    await sre.close();
  }
}

async function playAndLookBack(stage: Stage): Promise<Ending> {
  const ending = await play(stage);
  if (ending.alert !== undefined && !stage.stopped.aborted) await lookBack(stage, ending);
  return ending;
}

function tellEnding(
  context: Context,
  narrator: Narrator,
  config: Config,
  company: Company,
  ending: Ending,
  stopped: boolean,
): number {
  const { alert, msToAlert, loot } = ending;
  const { terminal, invocation } = context;
  const faults = Object.fromEntries([...ending.faults, ...(loot?.faults ?? [])]);
  const facts = {
    alert: alert?.id ?? null,
    secondsToAlert: msToAlert === undefined ? null : Math.round(msToAlert) / 1000,
    opened: loot?.opened ?? 0,
    refused: loot?.refused ?? 0,
    faults,
  };
  if (Object.keys(faults).length > 0) {
    const named = Object.entries(faults).map(([name, times]) => `${name} (${times})`);
    narrator.say('faults', 'the demo', `met failures that are not part of the story: ${named.join(', ')}`, { faults });
  }
  if (alert === undefined || msToAlert === undefined) {
    const why = stopped ? 'stopped before the end.' : `no alert came. Is every reader up to date? ${invocation} status`;
    narrator.say('result', 'the demo', why, facts);
    return EXIT.failure;
  }
  narrator.say(
    'result',
    'the demo',
    `is over: the alert came ${formatMs(msToAlert)} after the first stolen call.`,
    facts,
  );
  const credentials = `AWS_SHARED_CREDENTIALS_FILE=${config.paths.credentials} AWS_PROFILE=keyledger`;
  const lines = [
    terminal.paint('bold', 'Where to go from here'),
    `  ${invocation} sli --by principal`,
    `  ${invocation} events tail -n 20 --outcome denied`,
    `  ${credentials} \\`,
    `    aws --endpoint-url ${apiOrigin(config)} --region ${REGION} kms get-key-policy --key-id ${company.keys.customers.alias}`,
    `  ${consoleOrigin(config)}/`,
  ];
  if (!terminal.json) narrator.show('next', lines, {});
  return EXIT.ok;
}

/** @throws OperationalError SERVICE_UNREACHABLE */
async function untilReady(context: Context, config: Config, stopped: AbortSignal): Promise<ServiceStatus> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (let said = false; ; said = true) {
    const status = await readStatus(config);
    if (status.ready) return status;
    if (stopped.aborted || performance.now() > deadline)
      throw new OperationalError(
        'SERVICE_UNREACHABLE',
        `Keyledger is not ready yet. See what is missing: ${context.invocation} status`,
      );
    if (!said) context.terminal.talk('Keyledger is starting; the demo begins when it is ready.');
    await pause(LOOK_EVERY_MS, stopped);
  }
}

/** Names the one mistake that looks like a wrong password. */
function explained({ name, message }: KMSServiceException, config: Config): string {
  return name === 'UnrecognizedClientException' || name === 'InvalidClientTokenId'
    ? `the service does not know who was just added to ${config.paths.root}. Does it run on another data directory? Set KEYLEDGER_DATA to that one.`
    : `${name}: ${message}`;
}

const NETWORK_FAULTS: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);
const isNetworkFault = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && NETWORK_FAULTS.has(error.code);
