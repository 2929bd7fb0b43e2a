import type { ApiResponse } from './messages.ts';

interface Wire {
  readonly status: number;
  /** Said when the caller of `refuse` says nothing; some refusals carry no message on AWS, so as to say nothing about why. */
  readonly message?: string;
}

const CLIENT: Wire = { status: 400 };
const saying = (message: string, status = 400): Wire => ({ status, message });

/** What the KMS service model declares. Every client fault is HTTP 400 on the wire, whatever the query protocol made of it. */
export const MODELLED = {
  AlreadyExistsException: CLIENT,
  CloudHsmClusterInUseException: CLIENT,
  CloudHsmClusterInvalidConfigurationException: CLIENT,
  CloudHsmClusterNotActiveException: CLIENT,
  CloudHsmClusterNotFoundException: CLIENT,
  CloudHsmClusterNotRelatedException: CLIENT,
  ConflictException: CLIENT,
  CustomKeyStoreHasCMKsException: CLIENT,
  CustomKeyStoreInvalidStateException: CLIENT,
  CustomKeyStoreNameInUseException: CLIENT,
  CustomKeyStoreNotFoundException: CLIENT,
  DependencyTimeoutException: saying('The system timed out while trying to fulfill the request.', 503),
  DisabledException: CLIENT,
  DryRunOperationException: saying('The request would have succeeded, but the DryRun option is set.'),
  ExpiredImportTokenException: CLIENT,
  IncorrectKeyException: saying('The key ID in the request does not identify a CMK that can perform this operation.'),
  IncorrectKeyMaterialException: CLIENT,
  IncorrectTrustAnchorException: CLIENT,
  InvalidAliasNameException: CLIENT,
  InvalidArnException: CLIENT,
  InvalidCiphertextException: CLIENT,
  InvalidGrantIdException: CLIENT,
  InvalidGrantTokenException: CLIENT,
  InvalidImportTokenException: CLIENT,
  InvalidKeyUsageException: CLIENT,
  InvalidMarkerException: CLIENT,
  KMSInternalException: { status: 500 },
  KMSInvalidMacException: CLIENT,
  KMSInvalidSignatureException: CLIENT,
  KMSInvalidStateException: CLIENT,
  KeyUnavailableException: { status: 500 },
  LimitExceededException: CLIENT,
  MalformedPolicyDocumentException: CLIENT,
  NotFoundException: CLIENT,
  TagException: CLIENT,
  UnsupportedOperationException: CLIENT,
  XksKeyAlreadyInUseException: CLIENT,
  XksKeyInvalidConfigurationException: CLIENT,
  XksKeyNotFoundException: CLIENT,
  XksProxyIncorrectAuthenticationCredentialException: CLIENT,
  XksProxyInvalidConfigurationException: CLIENT,
  XksProxyInvalidResponseException: CLIENT,
  XksProxyUriEndpointInUseException: CLIENT,
  XksProxyUriInUseException: CLIENT,
  XksProxyUriUnreachableException: CLIENT,
  XksProxyVpcEndpointServiceInUseException: CLIENT,
  XksProxyVpcEndpointServiceInvalidConfigurationException: CLIENT,
  XksProxyVpcEndpointServiceNotFoundException: CLIENT,
} as const satisfies Readonly<Record<string, Wire>>;

/** What AWS sends without declaring it: the front door's own refusals. */
export const COMMON = {
  AccessDeniedException: CLIENT,
  ExpiredTokenException: saying('The security token included in the request is expired'),
  IncompleteSignatureException: CLIENT,
  InvalidSignatureException: saying(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  ),
  // Aliases that begin with alias/aws/ belong to AWS.
  NotAuthorizedException: CLIENT,
  MissingAuthenticationTokenException: saying('Missing Authentication Token'),
  // AWS names no such refusal for KMS; 413 is what its gateways answer.
  RequestEntityTooLargeException: saying('The request body is larger than this service reads.', 413),
  SerializationException: CLIENT,
  ThrottlingException: saying(
    'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  ),
  UnknownOperationException: CLIENT,
  UnrecognizedClientException: saying('The security token included in the request is invalid.'),
  ValidationException: CLIENT,
} as const satisfies Readonly<Record<string, Wire>>;

export type RefusalCode = keyof typeof MODELLED | keyof typeof COMMON;

const REFUSALS: Readonly<Record<RefusalCode, Wire>> = { ...MODELLED, ...COMMON };

/** An answer that is not success: a value, never thrown. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message?: string;
}

/** A refusal with its own message, or with the one AWS gives that code. */
export function refuse(code: RefusalCode, message: string | undefined = REFUSALS[code].message): Refusal {
  return message === undefined ? { code } : { code, message };
}

/** A refusal as an answer. `seq` is the event that recorded it, where one did. */
export function refusalResponse({ code, message }: Refusal, seq?: number): ApiResponse {
  return {
    status: REFUSALS[code].status,
    body: JSON.stringify({ __type: code, message }),
    errorType: code,
    ...(seq === undefined ? {} : { seq }),
  };
}
