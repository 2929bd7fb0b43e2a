import { OperationalError, type Clock, type Log } from '../base/index.ts';
import type { Decided, Journal, StateView } from '../journal/index.ts';
import {
  parseBody,
  refusalResponse,
  refuse,
  validateInput,
  type ApiRequest,
  type ApiResponse,
  type Refusal as ApiRefusal,
  type Operation as ApiOperation,
  type ParsedBody,
} from './api/index.ts';
import { eventOf, refusalEvent } from './evidence.ts';
import { refused, type Answer, type Call, type Notes, type Operation, type Result } from './call.ts';
import type { Keyring, Secret } from './crypto/index.ts';
import { foldChanges, refusal } from './domain/index.ts';
import { Door } from './door.ts';
import { callerOf, principalCaller } from './identity.ts';
import { ALWAYS_RECORDABLE_BYTES, refuseUnrecordable, tooLargeForEvidence } from './record-size.ts';
import type { KeyStore } from './keystore/index.ts';
import { OPERATIONS } from './operations/index.ts';
import { originOf } from './origin.ts';
import { Permission } from './permission.ts';
import { RsaWorkshop } from './preparation.ts';
import type { Throttle } from './quotas.ts';

export interface ServiceOptions {
  readonly journal: Journal;
  readonly keyring: Keyring;
  readonly keyStore: KeyStore;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly log: Log;
}

/** Calls that may wait for a commit; past it the disk is slower than the callers, and they are told so. */
const MAX_QUEUE = 10_000;

const INTERNAL = refusal('KMSInternalException', 'The request failed inside the service; try again.');
const THROTTLED = refuse('ThrottlingException');
const TOO_FAST = refusal(THROTTLED.code, THROTTLED.message ?? '');
const UNAVAILABLE = refusal('KeyUnavailableException', 'The key material cannot be used.');
const UNRECOGNISED = refuse('UnrecognizedClientException');

/** Load, decide, append, perform, reply: every call that passes the front door, and the record of those that do not. */
export class KeyService {
  readonly #options: ServiceOptions;
  readonly #door: Door;
  readonly #workshop = new RsaWorkshop();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#door = new Door(options);
  }

  /** Answers one request. What it answers is durable; rejects only when the journal is fenced. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    try {
      const admitted = this.#door.admit(request);
      if (!admitted.ok) {
        const recordable = this.#door.recordable(request, admitted);
        return await (recordable === undefined
          ? refusalResponse(admitted.refusal)
          : this.#record(recordable, admitted.refusal));
      }
      const { caller, region, operation } = admitted;
      const { requestId, traceparent, startUs } = request;
      return await this.#execute(
        { operation, caller, region, origin: originOf(request), requestId, traceparent, startedUs: startUs },
        () => parseBody(request.body),
        request.body.length > ALWAYS_RECORDABLE_BYTES,
      );
    } finally {
      // It may hold a plaintext, and nobody reads it again.
      request.body.fill(0);
    }
  }

  /** A call by the service's own hand, such as a seed file's, in the name of a principal: judged and recorded like every other. */
  async internal(request: InternalRequest): Promise<{ readonly errorType?: string; readonly body: string }> {
    const { clock, journal } = this.#options;
    const caller = principalCaller(journal.state, request.principal);
    if (caller === undefined) throw new Error(`Bug: no principal ${request.principal}`);
    const { operation, region, requestId, userAgent } = request;
    const call = {
      operation,
      caller,
      region,
      origin: { userAgent },
      requestId,
      traceparent: undefined,
      startedUs: clock.monotonicUs(),
    };
    const answer = await this.#execute(call, () => ({ ok: true, value: request.input }), true);
    return { ...(answer.errorType === undefined ? {} : { errorType: answer.errorType }), body: answer.body.toString() };
  }

  async #execute(
    call: Omit<Call, 'input'> & { operation: ApiOperation },
    parse: () => ParsedBody,
    large: boolean,
  ): Promise<ApiResponse> {
    const { clock, journal, throttle } = this.#options;
    const { operation } = call;
    if (
      !throttle.admit(call.caller.actor.account, call.region, operation, clock.monotonicUs()) ||
      journal.queueLength > MAX_QUEUE
    )
      return this.#record({ ...call, input: {} }, THROTTLED);
    const body = parse();
    const validated = body.ok ? validateInput(operation, body.value) : body;
    if (!validated.ok) return this.#record({ ...call, input: {} }, validated.refusal);
    const unrecordable = large ? refuseUnrecordable(validated.input) : undefined;
    if (unrecordable !== undefined) return this.#record({ ...call, input: {} }, unrecordable);
    const known = OPERATIONS.get(operation);
    const valid: Call = { ...call, input: validated.input };
    if (known === undefined)
      return this.#record(
        valid,
        refuse('UnsupportedOperationException', `${operation} is not supported by this version of Keyledger.`),
      );
    let prepared: Secret | undefined;
    if (known.mayNeed === true) {
      // Asked as it would be decided now, so that only those who may have the key keep the machine busy with it.
      const asked = this.#run(valid, known.run, journal.state, clock.nowUs(), { cryptoUs: 0 });
      if (asked.kind === 'needs' && (prepared = await this.#workshop.make(asked.modulusBits)) === undefined)
        return this.#record(valid, THROTTLED);
    }
    const decide = (state: StateView, nowUs: number): Decided<Answer> =>
      this.#decide(valid, known.run, state, nowUs, prepared);
    try {
      const { seq, answer } = await (known.mode === 'now' ? journal.recordNow(decide) : journal.recordInTurn(decide));
      return respond(answer, seq);
    } finally {
      prepared?.wipe();
      const { Plaintext: plaintext } = valid.input;
      if (Buffer.isBuffer(plaintext)) plaintext.fill(0);
    }
  }

  #decide(
    asked: Call,
    run: Operation['run'],
    state: StateView,
    nowUs: number,
    prepared: Secret | undefined,
  ): Decided<Answer> {
    const notes: Notes = { cryptoUs: 0 };
    // The access key may have gone between the signature and now, or its owner have other policies.
    const { accessKeyId, arn } = asked.caller.actor;
    const caller = accessKeyId === undefined ? principalCaller(state, arn) : callerOf(state, accessKeyId);
    if (caller === undefined) return refusalEvent(asked, notes, UNRECOGNISED);
    const call = caller === asked.caller ? asked : { ...asked, caller };
    const result = this.#run(call, run, state, nowUs, notes, prepared);
    if (result.kind === 'refused') return refusalEvent(call, notes, result.refusal);
    // It was refused when it was asked, and in its turn it would not be: the caller will try again.
    if (result.kind === 'needs') return refusalEvent(call, notes, INTERNAL);
    const tooLarge = tooLargeForEvidence(call.input, result.changes);
    if (tooLarge !== undefined) return refusalEvent(call, notes, tooLarge);
    const { draft, answer } = eventOf(call, notes, result);
    return { draft, answer, writes: [...foldChanges(state, result.changes), ...result.attachments] };
  }

  #run(call: Call, run: Operation['run'], state: StateView, nowUs: number, notes: Notes, prepared?: Secret): Result {
    const { clock, keyring, keyStore, log, throttle } = this.#options;
    const permission = new Permission(state, call, notes, nowUs, keyring);
    try {
      return run({
        state,
        nowUs,
        call,
        notes,
        keyring,
        keyStore,
        ...(prepared === undefined ? {} : { prepared }),
        monotonicUs: () => clock.monotonicUs(),
        authorise: (action, resource, extra, grants) => permission.refuse(action, resource, extra, grants),
        admit: (spec) =>
          throttle.admitKey(call, call.caller.actor.account, call.region, spec, clock.monotonicUs())
            ? undefined
            : TOO_FAST,
        keepsCallerIn: (policy, arn) => permission.keepsCallerIn(policy, arn),
      });
    } catch (error) {
      // Nothing was written: a decision only returns what it wants. The caller learns nothing of the reason.
      log.error('operation-failed', { operation: call.operation, requestId: call.requestId, reason: reasonOf(error) });
      const corrupt = error instanceof OperationalError && error.code === 'KEY_MATERIAL_CORRUPT';
      return refused(corrupt ? UNAVAILABLE : INTERNAL);
    }
  }

  async #record(call: Call, refusal: ApiRefusal): Promise<ApiResponse> {
    const { seq, answer } = await this.#options.journal.recordNow(() => refusalEvent(call, { cryptoUs: 0 }, refusal));
    return respond(answer, seq);
  }
}

/** A call that comes from inside. */
export interface InternalRequest {
  readonly operation: ApiOperation;
  readonly input: Readonly<Record<string, unknown>>;
  /** ARN in whose name it is made. */
  readonly principal: string;
  readonly region: string;
  readonly requestId: string;
  readonly userAgent: string;
}

/** What may be logged of something thrown: the message of a bug may quote what it choked on, its frames do not. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof OperationalError) return thrown.message;
  if (!(thrown instanceof Error)) return 'not an Error';
  const frames = (thrown.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return [thrown.name, ...frames].join('\n');
}

const respond = (answer: Answer, seq: number): ApiResponse =>
  'body' in answer ? { status: 200, body: answer.body, seq } : refusalResponse(answer.refusal as ApiRefusal, seq);
