import { customKeyStoreId, limit, marker } from './common.ts';
import { oneOf, secretText, structure, text } from './shape.ts';

const namesStore = structure({ CustomKeyStoreId: customKeyStoreId }, {});
const storeName = text(1, 256);

/** What CreateCustomKeyStore and UpdateCustomKeyStore both take. */
const store = {
  CloudHsmClusterId: text(19, 24, 'cluster-[2-7a-zA-Z]{11,16}'),
  KeyStorePassword: secretText(7, 32),
  XksProxyUriEndpoint: text(10, 128, '^https://[a-zA-Z0-9.-]+$'),
  XksProxyUriPath: text(10, 128, '^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$'),
  XksProxyVpcEndpointServiceName: text(
    20,
    64,
    '^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$',
  ),
  XksProxyVpcEndpointServiceOwner: text(12, 12, '[0-9]{12}'),
  XksProxyAuthenticationCredential: structure(
    {
      AccessKeyId: secretText(20, 30, '^[A-Z2-7]+$'),
      RawSecretAccessKey: secretText(43, 64, '^[a-zA-Z0-9\\/+=]+$'),
    },
    {},
  ),
  XksProxyConnectivity: oneOf('PUBLIC_ENDPOINT VPC_ENDPOINT_SERVICE'),
};

/** Key stores outside: CloudHSM clusters and external key stores. */
export const CUSTOM_KEY_STORES = {
  CreateCustomKeyStore: structure(
    { CustomKeyStoreName: storeName },
    {
      ...store,
      TrustAnchorCertificate: text(1, 5000),
      CustomKeyStoreType: oneOf('AWS_CLOUDHSM EXTERNAL_KEY_STORE'),
    },
  ),
  UpdateCustomKeyStore: structure(
    { CustomKeyStoreId: customKeyStoreId },
    { ...store, NewCustomKeyStoreName: storeName },
  ),
  DeleteCustomKeyStore: namesStore,
  DescribeCustomKeyStores: structure(
    {},
    { CustomKeyStoreId: customKeyStoreId, CustomKeyStoreName: storeName, Limit: limit, Marker: marker },
  ),
  ConnectCustomKeyStore: namesStore,
  DisconnectCustomKeyStore: namesStore,
};
