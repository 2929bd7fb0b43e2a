export { OPERATIONS, TARGET_PREFIX, operationOfTarget, type Operation, type OperationTraits } from './operations.ts';
export { refusalResponse, refuse, type Refusal, type RefusalCode } from './refusals.ts';
export { parseBody, type ParsedBody } from './body.ts';
export { validateInput, type Validated } from './shapes/validate.ts';
export type { InputOf } from './shapes/inputs.ts';
export { readHeaders, type RequestHeaders } from './headers.ts';
export {
  parseAuthorization,
  type Authorization,
  type ParsedAuthorization,
  type SignatureRefusal,
} from './authorization.ts';
export { verifySignature, WINDOW_MS, type SecretLookup, type Signer, type Verified, type Verifier } from './sigv4.ts';
export { SigningKeyCache } from './signing-keys.ts';
export { ReplayCache } from './replay-cache.ts';
export type { ApiRequest, ApiResponse } from './messages.ts';
export { DEFAULT_LIMITS, type ApiLimits } from './limits.ts';
export { startApiServer, type ApiServer, type ApiServerOptions } from './server.ts';
