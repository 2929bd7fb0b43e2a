export { KeyService, type ServiceOptions } from './service.ts';
export { startDueWork, runDueWork } from './due-work.ts';
export {
  addPrincipal,
  freshAccessKey,
  listPrincipals,
  parsePrincipalArn,
  removePrincipal,
  rootArn,
  type Credentials,
  type NewPrincipal,
} from './identity.ts';
export { AWS_QUOTAS, PROTECTIVE_QUOTAS, Throttle, type Quotas } from './quotas.ts';
export type { Call, Caller } from './call.ts';
export type { AccessKey, Alias, Key, Principal, Refusal } from './domain/index.ts';
