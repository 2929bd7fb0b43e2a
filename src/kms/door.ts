import type { Clock } from '../base/index.ts';
import type { Journal } from '../journal/index.ts';
import {
  OPERATIONS as API,
  ReplayCache,
  SigningKeyCache,
  parseAuthorization,
  refuse,
  verifySignature,
  type ApiRequest,
  type Operation as ApiOperation,
  type Refusal,
  type SignatureRefusal,
} from './api/index.ts';
import type { Call, Caller } from './call.ts';
import type { Keyring } from './crypto/index.ts';
import { callerOf } from './identity.ts';
import { originOf } from './origin.ts';
import type { Throttle } from './quotas.ts';
import { Secrets } from './secrets.ts';

export interface Admitted {
  readonly ok: true;
  readonly caller: Caller;
  readonly region: string;
  readonly operation: ApiOperation;
}

export interface TurnedAway {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  /** Whether the signature was good: then it is the owner of the access key who is refused, and nobody in his name. */
  readonly proven: boolean;
}

/** Attempts that prove no caller and become events, per second: of strangers together, and of each access key. The rest are answered only. */
const UNPROVEN_PER_SECOND = 100;
const NOBODY = '000000000000';

const UNRECOGNISED = refuse('UnrecognizedClientException');
const UNKNOWN_OPERATION = refuse('UnknownOperationException');
const REPLAYED = refuse('InvalidSignatureException', 'This signature was used before; sign the request again.');

interface DoorOptions {
  readonly journal: Journal;
  readonly keyring: Keyring;
  readonly throttle: Throttle;
  readonly clock: Clock;
}

/** Signature, access key and replay: who calls, or why nobody does. */
export class Door {
  readonly #options: DoorOptions;
  readonly #signingKeys = new SigningKeyCache();
  readonly #replays = new ReplayCache();
  readonly #secrets: Secrets;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#secrets = new Secrets(options.journal.state, options.keyring);
  }

  admit(request: ApiRequest): Admitted | TurnedAway {
    const { clock, journal } = this.#options;
    const parsed = parseAuthorization(request.headers);
    if (!parsed.ok) return unproven(parsed.refusal);
    const nowMs = clock.nowUs() / 1000;
    const verified = verifySignature(parsed.authorization, request.body, nowMs, {
      secretOf: (id) => this.#secrets.get(id),
      keys: this.#signingKeys,
    });
    if (!verified.ok) return unproven(verified.refusal);
    const { accessKeyId, region } = verified;
    const refused = (refusal: Refusal): TurnedAway => ({ ok: false, refusal, accessKeyId, region, proven: true });
    const caller = callerOf(journal.state, accessKeyId);
    if (caller === undefined || verified.sessionToken !== undefined) return refused(UNRECOGNISED);
    const { operation } = request;
    if (operation === undefined) return refused(UNKNOWN_OPERATION);
    // Changing a key twice with one signature is never what the caller meant: SDKs sign every retry anew.
    if (!API[operation].readOnly && !this.#replays.firstUse(verified, nowMs)) return refused(REPLAYED);
    return { ok: true, caller, region, operation };
  }

  /** The call to be recorded of somebody who was turned away, in the name he claims; undefined where such calls are too many. */
  recordable(request: ApiRequest, { accessKeyId, region, proven }: TurnedAway): Call | undefined {
    const { clock, journal, throttle } = this.#options;
    if (accessKeyId === undefined) return undefined;
    const claimed = callerOf(journal.state, accessKeyId);
    // Whoever knows the name of an access key can use it without its secret; its owner's calls are counted elsewhere.
    const bucket = claimed === undefined ? 'strangers' : `impostors ${accessKeyId}`;
    if (!proven && !throttle.take(bucket, UNPROVEN_PER_SECOND, clock.monotonicUs())) return undefined;
    return {
      operation: request.operation ?? 'Unknown',
      caller: claimed ?? strangerOf(accessKeyId),
      region: region ?? 'unknown',
      origin: originOf(request),
      requestId: request.requestId,
      traceparent: request.traceparent,
      startedUs: request.startUs,
      input: {},
    };
  }
}

const unproven = (refusal: SignatureRefusal): TurnedAway => ({
  ok: false,
  refusal,
  accessKeyId: refusal.accessKeyId,
  region: refusal.region,
  proven: false,
});

function strangerOf(accessKeyId: string): Caller {
  const arn = `arn:aws:iam::${NOBODY}:unknown`;
  return {
    actor: { arn, type: 'unknown', account: NOBODY, accessKeyId: accessKeyId.slice(0, 128) },
    principal: { arn, account: NOBODY, type: 'user', policies: [], accessKeyIds: [], createdAt: '' },
  };
}
