import { context, dryRun, grantTokens, keyId, limit, marker } from './common.ts';
import { list, oneOf, structure, text } from './shape.ts';

const principal = text(1, 256, '^[\\w+=,.@:/-]+$');
const servicePrincipal = text(1, 128, '^([A-Za-z0-9\\-]+)\\.([A-Za-z0-9\\-]+)(\\.[A-Za-z0-9\\-]+)+$');
const grantId = text(1, 128);
const page = { Limit: limit, Marker: marker };

const grantOperation = oneOf(
  'Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo',
  'Sign Verify GetPublicKey CreateGrant RetireGrant DescribeKey GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext GenerateMac VerifyMac DeriveSharedSecret Encapsulate',
  'Decapsulate',
);

const constraints = structure(
  {},
  {
    EncryptionContextSubset: context,
    EncryptionContextEquals: context,
    SourceArn: text(20, 512, '^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$'),
  },
);

/** Grants. A grantee is a principal or, since 2026, a service principal: neither alone is required by the model. */
export const GRANTS = {
  CreateGrant: structure(
    { KeyId: keyId, Operations: list(grantOperation) },
    {
      GranteePrincipal: principal,
      RetiringPrincipal: principal,
      Constraints: constraints,
      GrantTokens: grantTokens,
      Name: text(1, 256, '^[a-zA-Z0-9:/_-]+$'),
      DryRun: dryRun,
      GranteeServicePrincipal: servicePrincipal,
      RetiringServicePrincipal: servicePrincipal,
    },
  ),
  ListGrants: structure(
    { KeyId: keyId },
    { ...page, GrantId: grantId, GranteePrincipal: principal, GranteeServicePrincipal: servicePrincipal },
  ),
  ListRetirableGrants: structure(
    {},
    { ...page, RetiringPrincipal: principal, RetiringServicePrincipal: servicePrincipal },
  ),
  RetireGrant: structure({}, { GrantToken: text(1, 8192), KeyId: keyId, GrantId: grantId, DryRun: dryRun }),
  RevokeGrant: structure({ KeyId: keyId, GrantId: grantId }, { DryRun: dryRun }),
};
