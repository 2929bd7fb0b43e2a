/** Requests per second of one account in one Region, by group of operations. */
export type Quotas = Readonly<Record<QuotaGroup, number>>;
export type QuotaGroup =
  | 'symmetric'
  /** Operations of asymmetric keys at the door, before the key is known. */
  | 'asymmetric'
  /** The key of such an operation, as soon as it is known. */
  | 'rsa'
  | 'ecc'
  | 'random'
  | 'create-key'
  | 'describe'
  | 'policy'
  | 'tags'
  | 'aliases'
  | 'rotation'
  | 'life-cycle'
  | 'other';

const GROUPS: Readonly<Record<string, QuotaGroup>> = {
  Encrypt: 'symmetric',
  Decrypt: 'symmetric',
  ReEncrypt: 'symmetric',
  GenerateDataKey: 'symmetric',
  GenerateDataKeyWithoutPlaintext: 'symmetric',
  GenerateMac: 'symmetric',
  VerifyMac: 'symmetric',
  Sign: 'asymmetric',
  Verify: 'asymmetric',
  GetPublicKey: 'asymmetric',
  DeriveSharedSecret: 'asymmetric',
  Encapsulate: 'asymmetric',
  Decapsulate: 'asymmetric',
  GenerateRandom: 'random',
  CreateKey: 'create-key',
  DescribeKey: 'describe',
  PutKeyPolicy: 'policy',
  GetKeyPolicy: 'describe',
  TagResource: 'tags',
  UntagResource: 'tags',
  CreateAlias: 'aliases',
  UpdateAlias: 'aliases',
  DeleteAlias: 'aliases',
  EnableKeyRotation: 'rotation',
  DisableKeyRotation: 'rotation',
  RotateKeyOnDemand: 'rotation',
  EnableKey: 'life-cycle',
  DisableKey: 'life-cycle',
  ScheduleKeyDeletion: 'life-cycle',
  CancelKeyDeletion: 'life-cycle',
};

/** Sized to protect the process: one account alone can fill about one core. */
export const PROTECTIVE_QUOTAS: Quotas = {
  symmetric: 50_000,
  asymmetric: 20_000,
  // One core makes about this many RSA-2048 signatures.
  rsa: 2_500,
  ecc: 20_000,
  random: 10_000,
  'create-key': 1_000,
  describe: 20_000,
  policy: 1_000,
  tags: 1_000,
  aliases: 1_000,
  rotation: 1_000,
  'life-cycle': 1_000,
  other: 5_000,
};

/** The default quotas of AWS KMS ("Request quotas", largest Regions; other operations as its table has them). */
export const AWS_QUOTAS: Quotas = {
  symmetric: 50_000,
  asymmetric: 800,
  rsa: 500,
  ecc: 300,
  random: 50_000,
  'create-key': 5,
  describe: 2_000,
  policy: 15,
  tags: 10,
  aliases: 5,
  rotation: 15,
  'life-cycle': 15,
  other: 500,
};

/** Keys of lattices are counted with those of curves. */
const specGroup = (spec: string): QuotaGroup | undefined => {
  if (spec.startsWith('RSA_')) return 'rsa';
  return spec.startsWith('ECC_') || spec.startsWith('ML_') ? 'ecc' : undefined;
};

interface Bucket {
  tokens: number;
  atUs: number;
}

const MAX_BUCKETS = 100_000;
const US_PER_SECOND = 1_000_000;

/** Token buckets that hold one second's worth, one per account, Region and group. */
export class Throttle {
  readonly #quotas: Quotas;
  readonly #buckets = new Map<string, Bucket>();
  readonly #admitted = new WeakSet();

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** Takes one request's token; false where there is none left. `nowUs` is monotonic. */
  admit(account: string, region: string, operation: string, nowUs: number): boolean {
    const group = GROUPS[operation] ?? 'other';
    return this.take(`${account} ${region} ${group}`, this.#quotas[group], nowUs);
  }

  /** Takes one token for the key that a call turns out to use; only one, however often the call is decided. */
  admitKey(call: object, account: string, region: string, spec: string, nowUs: number): boolean {
    const group = specGroup(spec);
    if (group === undefined || this.#admitted.has(call)) return true;
    const admitted = this.take(`${account} ${region} ${group}`, this.#quotas[group], nowUs);
    if (admitted) this.#admitted.add(call);
    return admitted;
  }

  /** The bucket of any name, refilled at `rate` tokens per second. */
  take(name: string, rate: number, nowUs: number): boolean {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      // Names are accounts and Regions that signatures proved, so this only bounds a very large installation.
      if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.clear();
      bucket = { tokens: rate, atUs: nowUs };
      this.#buckets.set(name, bucket);
    }
    bucket.tokens = Math.min(rate, bucket.tokens + ((nowUs - bucket.atUs) * rate) / US_PER_SECOND);
    bucket.atUs = nowUs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
