import type { Clock, Log } from '../base/index.ts';
import type { Decided, Journal, StateView } from '../journal/index.ts';
import {
  OPERATIONS as API,
  ReplayCache,
  SigningKeyCache,
  parseAuthorization,
  parseBody,
  refusalResponse,
  refuse,
  validateInput,
  verifySignature,
  type ApiRequest,
  type ApiResponse,
  type Refusal as ApiRefusal,
  type Operation as ApiOperation,
  type ParsedBody,
} from './api/index.ts';
import { eventOf, refusalEvent } from './evidence.ts';
import { refused, type Answer, type Call, type Caller, type Notes, type Operation, type Result } from './call.ts';
import type { Keyring, Secret } from './crypto/index.ts';
import { foldChanges, refusal } from './domain/index.ts';
import { callerOf, principalCaller } from './identity.ts';
import { ALWAYS_RECORDABLE_BYTES, refuseUnrecordable, tooLargeForEvidence } from './record-size.ts';
import { Secrets } from './secrets.ts';
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
/** Attempts that prove no caller and become events, per second: of strangers together, and of each access key. The rest are counted only. */
const STRANGERS_PER_SECOND = 100;

const INTERNAL = refusal('KMSInternalException', 'The request failed inside the service; try again.');
const THROTTLED = refuse('ThrottlingException');
const TOO_FAST = refusal(THROTTLED.code, THROTTLED.message ?? '');
const UNRECOGNISED = refuse('UnrecognizedClientException');
const REPLAYED = refuse('InvalidSignatureException', 'This signature was used before; sign the request again.');

/** Load, decide, append, perform, reply: every call that passes the front door, and the record of those that do not. */
export class KeyService {
  readonly #options: ServiceOptions;
  readonly #signingKeys = new SigningKeyCache();
  readonly #replays = new ReplayCache();
  readonly #secrets: Secrets;
  readonly #workshop = new RsaWorkshop();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#secrets = new Secrets(options.journal.state, options.keyring);
  }

  /** Answers one request. What it answers is durable; rejects only when the journal is fenced. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    const admitted = this.#admit(request);
    if (!admitted.ok) return this.#refuseAtDoor(request, admitted.refusal, admitted.accessKeyId, admitted.region);
    const { caller, region, operation } = admitted;
    const { requestId, traceparent, startUs } = request;
    return this.#execute(
      { operation, caller, region, origin: originOf(request), requestId, traceparent, startedUs: startUs },
      () => parseBody(request.body),
      request.body.length > ALWAYS_RECORDABLE_BYTES,
    );
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
    }
  }

  /** Signature, access key and replay: who calls, or why nobody does. */
  #admit(request: ApiRequest): Admitted | Stranger {
    const { clock, journal } = this.#options;
    const parsed = parseAuthorization(request.headers);
    if (!parsed.ok)
      return {
        ok: false,
        refusal: parsed.refusal,
        accessKeyId: parsed.refusal.accessKeyId,
        region: parsed.refusal.region,
      };
    const nowMs = clock.nowUs() / 1000;
    const verified = verifySignature(parsed.authorization, request.body, nowMs, {
      secretOf: (id) => this.#secrets.get(id),
      keys: this.#signingKeys,
    });
    if (!verified.ok)
      return {
        ok: false,
        refusal: verified.refusal,
        accessKeyId: verified.refusal.accessKeyId,
        region: verified.refusal.region,
      };
    const { accessKeyId, region } = verified;
    const refused = (refusal: ApiRefusal): Stranger => ({ ok: false, refusal, accessKeyId, region });
    const caller = callerOf(journal.state, accessKeyId);
    if (caller === undefined || verified.sessionToken !== undefined) return refused(UNRECOGNISED);
    const { operation } = request;
    if (operation === undefined) return refused(refuse('UnknownOperationException'));
    // Changing a key twice with one signature is never what the caller meant: SDKs sign every retry anew.
    if (!API[operation].readOnly && !this.#replays.firstUse(verified, nowMs)) return refused(REPLAYED);
    return { ok: true, caller, region, operation };
  }

  #decide(
    call: Call,
    run: Operation['run'],
    state: StateView,
    nowUs: number,
    prepared: Secret | undefined,
  ): Decided<Answer> {
    const notes: Notes = { cryptoUs: 0 };
    // The access key may have gone between the signature and now.
    const { accessKeyId, arn } = call.caller.actor;
    if ((accessKeyId === undefined ? principalCaller(state, arn) : callerOf(state, accessKeyId)) === undefined)
      return refusalEvent(call, notes, UNRECOGNISED);
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
      log.error('operation-failed', {
        operation: call.operation,
        requestId: call.requestId,
        reason: error instanceof Error ? error.stack : String(error),
      });
      return refused(INTERNAL);
    }
  }

  async #record(call: Call, refusal: ApiRefusal): Promise<ApiResponse> {
    const { seq, answer } = await this.#options.journal.recordNow(() => refusalEvent(call, { cryptoUs: 0 }, refusal));
    return respond(answer, seq);
  }

  /** A call by somebody we cannot name with certainty: an event where the access key is ours, and for others as far as they are few. */
  async #refuseAtDoor(
    request: ApiRequest,
    refusal: ApiRefusal,
    accessKeyId: string | undefined,
    region: string | undefined,
  ): Promise<ApiResponse> {
    const { clock, journal, throttle } = this.#options;
    if (accessKeyId === undefined) return refusalResponse(refusal);
    const claimed = callerOf(journal.state, accessKeyId);
    // Whoever knows the name of an access key can use it without its secret; its owner's calls are counted elsewhere.
    const bucket = claimed === undefined ? 'strangers' : `impostors ${accessKeyId}`;
    if (!throttle.take(bucket, STRANGERS_PER_SECOND, clock.monotonicUs())) return refusalResponse(refusal);
    const call = {
      operation: request.operation ?? 'Unknown',
      caller: claimed ?? strangerOf(accessKeyId),
      region: region ?? 'unknown',
      origin: originOf(request),
      requestId: request.requestId,
      traceparent: request.traceparent,
      startedUs: request.startUs,
      input: {},
    };
    return this.#record(call, refusal);
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

interface Admitted {
  readonly ok: true;
  readonly caller: Caller;
  readonly region: string;
  readonly operation: ApiOperation;
}

interface Stranger {
  readonly ok: false;
  readonly refusal: ApiRefusal;
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
}

const NOBODY = '000000000000';

function strangerOf(accessKeyId: string): Caller {
  const arn = `arn:aws:iam::${NOBODY}:unknown`;
  return {
    actor: { arn, type: 'unknown', account: NOBODY, accessKeyId: accessKeyId.slice(0, 128) },
    principal: { arn, account: NOBODY, type: 'user', policies: [], accessKeyIds: [], createdAt: '' },
  };
}

const respond = (answer: Answer, seq: number): ApiResponse =>
  'body' in answer ? { status: 200, body: answer.body, seq } : refusalResponse(answer.refusal as ApiRefusal, seq);
