import type { Principal } from './principal.ts';

/** What a condition key stands for: one value, several, or none at all. Booleans are `true` and `false`, numbers decimal. */
export type ContextValue = string | readonly string[] | undefined;

/** What is known of a request, by condition key. */
export interface ConditionContext {
  /** The name of the key is in lower case: names are not case-sensitive. */
  readonly get: (key: string) => ContextValue;
  /** The encryption context itself, for the constraints of grants, which are case-sensitive. */
  readonly encryptionContext: Readonly<Record<string, string>> | undefined;
}

/**
 * Plain facts of one request. What is left out has no value in conditions, so a parameter of the API is given with its
 * default (KeySpec SYMMETRIC_DEFAULT, MessageType RAW): "this type of condition works even when the
 * parameter doesn't appear in the request". ViaService, source ARN and grant-for-AWS-resource may only come from an
 * authenticated path, never from what the caller wrote.
 */
export interface ConditionFacts {
  readonly principal: Principal;
  /** Milliseconds of the Unix epoch. */
  readonly timeMs?: number;
  readonly region?: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
  readonly secureTransport?: boolean;
  /** Absent for long-term credentials, as on AWS. */
  readonly multiFactorAuth?: boolean;
  readonly multiFactorAuthAgeSeconds?: number;
  /** When temporary credentials were issued. */
  readonly tokenIssueTimeMs?: number;
  readonly sourceArn?: string;
  readonly sourceAccount?: string;
  readonly requestTags?: Readonly<Record<string, string>>;
  /** Keys of UntagResource; those of `requestTags` need not be repeated. */
  readonly tagKeys?: readonly string[];
  readonly resourceTags?: Readonly<Record<string, string>>;
  readonly resourceAccount?: string;

  readonly encryptionContext?: Readonly<Record<string, string>>;
  readonly viaService?: string;
  /** Of the key in use, or of the key to be created. */
  readonly keySpec?: string;
  readonly keyUsage?: string;
  readonly keyOrigin?: string;
  readonly multiRegion?: boolean;
  readonly multiRegionKeyType?: string;
  /** `alias/...` as the caller named the key. */
  readonly requestAlias?: string;
  /** `alias/...` of every alias that the key has. */
  readonly resourceAliases?: readonly string[];

  /** Parameters of the API, by lower-case condition key: `kms:rotationperiodindays`. They go before everything above. */
  readonly parameters?: Readonly<Record<string, ContextValue>>;
}

type Getter = (facts: ConditionFacts) => ContextValue;

const flag = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : value ? 'true' : 'false';
const decimal = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));
const instant = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();
const PRINCIPAL_TYPE = { root: 'Account', user: 'User', role: 'AssumedRole', 'assumed-role': 'AssumedRole' } as const;

/** "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that assumed the role." */
const principalArn: Getter = ({ principal }) => principal.roleArn ?? principal.arn;

const userName: Getter = ({ principal }) =>
  principal.type === 'user' ? principal.arn.slice(principal.arn.lastIndexOf('/') + 1) : undefined;

const tagKeys: Getter = ({ tagKeys: listed, requestTags }) =>
  listed ?? (requestTags === undefined ? undefined : Object.keys(requestTags));

const encryptionContextKeys: Getter = ({ encryptionContext }) => {
  const keys = encryptionContext === undefined ? [] : Object.keys(encryptionContext);
  return keys.length === 0 ? undefined : keys;
};

const GETTERS: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['aws:currenttime', ({ timeMs }) => instant(timeMs)],
  ['aws:epochtime', ({ timeMs }) => (timeMs === undefined ? undefined : String(Math.floor(timeMs / 1000)))],
  ['aws:multifactorauthage', ({ multiFactorAuthAgeSeconds }) => decimal(multiFactorAuthAgeSeconds)],
  ['aws:multifactorauthpresent', ({ multiFactorAuth }) => flag(multiFactorAuth)],
  ['aws:principalaccount', ({ principal }) => principal.account],
  ['aws:principalarn', principalArn],
  ['aws:principalisawsservice', () => 'false'],
  ['aws:principaltype', ({ principal }) => PRINCIPAL_TYPE[principal.type]],
  ['aws:requestedregion', ({ region }) => region],
  ['aws:resourceaccount', ({ resourceAccount }) => resourceAccount],
  ['aws:securetransport', ({ secureTransport }) => flag(secureTransport)],
  ['aws:sourceaccount', ({ sourceAccount }) => sourceAccount],
  ['aws:sourcearn', ({ sourceArn }) => sourceArn],
  ['aws:sourceip', ({ sourceIp }) => sourceIp],
  ['aws:tagkeys', tagKeys],
  ['aws:tokenissuetime', ({ tokenIssueTimeMs }) => instant(tokenIssueTimeMs)],
  ['aws:useragent', ({ userAgent }) => userAgent],
  ['aws:userid', ({ principal }) => principal.uniqueId ?? (principal.type === 'root' ? principal.account : undefined)],
  ['aws:username', userName],
  ['aws:viaawsservice', ({ viaService }) => flag(viaService !== undefined)],
  ['kms:calleraccount', ({ principal }) => principal.account],
  ['kms:customermasterkeyspec', ({ keySpec }) => keySpec],
  ['kms:customermasterkeyusage', ({ keyUsage }) => keyUsage],
  ['kms:encryptioncontextkeys', encryptionContextKeys],
  ['kms:keyorigin', ({ keyOrigin }) => keyOrigin],
  ['kms:keyspec', ({ keySpec }) => keySpec],
  ['kms:keyusage', ({ keyUsage }) => keyUsage],
  ['kms:multiregion', ({ multiRegion }) => flag(multiRegion)],
  ['kms:multiregionkeytype', ({ multiRegionKeyType }) => multiRegionKeyType],
  ['kms:requestalias', ({ requestAlias }) => requestAlias],
  ['kms:resourcealiases', ({ resourceAliases }) => resourceAliases],
  ['kms:viaservice', ({ viaService }) => viaService],
]);

/** Keys that end in a name of the caller's own: a tag key or an encryption context key. */
const FAMILIES: readonly (readonly [
  prefix: string,
  of: (facts: ConditionFacts) => Readonly<Record<string, string>> | undefined,
])[] = [
  ['kms:encryptioncontext:', ({ encryptionContext }) => encryptionContext],
  ['aws:principaltag/', ({ principal }) => principal.tags],
  ['aws:requesttag/', ({ requestTags }) => requestTags],
  ['aws:resourcetag/', ({ resourceTags }) => resourceTags],
];

/** A look-up over the facts. Nothing is computed until a condition asks for it. */
export function conditionContext(facts: ConditionFacts): ConditionContext {
  return { get: (key) => contextValue(facts, key), encryptionContext: facts.encryptionContext };
}

function contextValue(facts: ConditionFacts, key: string): ContextValue {
  const { parameters } = facts;
  if (parameters !== undefined && Object.hasOwn(parameters, key)) return parameters[key];
  const getter = GETTERS.get(key);
  if (getter !== undefined) return getter(facts);
  for (const [prefix, of] of FAMILIES)
    if (key.startsWith(prefix)) return valueIgnoringCase(of(facts), key.slice(prefix.length));
  return undefined;
}

/** The value under a name in any case; several values where names differ in nothing but their case. */
function valueIgnoringCase(values: Readonly<Record<string, string>> | undefined, lowerName: string): ContextValue {
  const found: string[] = [];
  for (const name in values) {
    const value = name.toLowerCase() === lowerName ? values[name] : undefined;
    if (value !== undefined) found.push(value);
  }
  return found.length > 1 ? found : found[0];
}
