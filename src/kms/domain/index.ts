export { aliasArn, keyArn, keyIdOf, parseKmsArn, type KmsArn } from './arn.ts';
export { SYMMETRIC, algorithmsOf, isSupportedSpec, listedAlgorithms } from './key-specs.ts';
export { createdKey, currentMaterial, evolve, type Key, type KeyStatus, type Material } from './key.ts';
export {
  MAX_GRANTS_PER_KEY,
  grantPlace,
  granteePlace,
  namedPlace,
  retiringPlace,
  type Constraints,
  type Grant,
  type GrantTerms,
} from './grant.ts';
export { pagesOf } from './paged-set.ts';
export { refuseByState, type StateRule } from './key-state-rules.ts';
export { dueKey, foldChanges, materialPlace, type Before, type DueWork, type Row } from './fold.ts';
export type { AccessKey, Alias, Principal } from './principal.ts';
export { refusal, type Refusal } from './refusal.ts';
