import { OperationalError, messageOf } from '../base/index.ts';

/** What no repetition cures: the broker has understood and said no. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_CONFIG',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'POLICY_VIOLATION',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
]);
/** After these the member is no longer what the group thinks it is; it has to join again. */
const GROUP_CHANGES = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
]);
const UNREACHABLE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
]);
const SETTLING = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
]);
const DEEPEST_CAUSE = 10;

/** Names and protocol error types of an error and of all that caused it; kafkajs wraps an error once per layer of retries. */
function* kindsOf(error: unknown): Generator<string> {
  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < DEEPEST_CAUSE; depth += 1) {
    yield at.name;
    if ('type' in at && typeof at.type === 'string') yield at.type;
    if ('errors' in at && Array.isArray(at.errors)) for (const inner of at.errors) yield* kindsOf(inner);
    at = at.cause;
  }
}

const isAnyOf = (error: unknown, kinds: ReadonlySet<string>): boolean => {
  for (const kind of kindsOf(error)) if (kinds.has(kind)) return true;
  return false;
};

export const isRefusal = (error: unknown): boolean =>
  isAnyOf(error, REFUSALS) || isAnyOf(error, new Set(['KafkaJSSASLAuthenticationError']));
export const isGroupChange = (error: unknown): boolean => isAnyOf(error, GROUP_CHANGES);
/** The cluster is choosing who leads, as after a start or where a topic is new: over in moments. */
export const isSettling = (error: unknown): boolean => isAnyOf(error, SETTLING);
export const isTopicExists = (error: unknown): boolean => isAnyOf(error, new Set(['TOPIC_ALREADY_EXISTS']));
/** The connection is broken or, after a timeout, may lead nowhere: a new one is wanted. */
export const isUnreachable = (error: unknown): boolean => isAnyOf(error, UNREACHABLE);

/** An operational error is kept as it is; anything else becomes one that says whether to try again. */
export function toOperational(error: unknown, doing: string): OperationalError {
  if (error instanceof OperationalError) return error;
  const refused = isRefusal(error);
  return new OperationalError(refused ? 'KAFKA_REJECTED' : 'KAFKA_UNAVAILABLE', `${doing}: ${messageOf(error)}`, {
    retryable: !refused,
    cause: error,
  });
}
