export { DesiredKey, readDesiredState, type Desired } from './desired-state.ts';
export { policyDrift, type PolicyDriftOptions, type PolicyRow, type PolicyRows } from './policy-drift.ts';
export { difference, permissionsOf, type Permission, type PolicyDifference } from './semantics.ts';
