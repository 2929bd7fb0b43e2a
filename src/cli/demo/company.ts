import {
  CreateAliasCommand,
  CreateKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import { assert, OperationalError } from '../../base/index.ts';
import type { Operator } from '../doors.ts';
import {
  administratorPolicy,
  deny,
  keyPolicy,
  KEYS,
  SERVICES,
  servicePolicy,
  type ArnOf,
  type KeyName,
  type Part,
} from './policies.ts';

export const REGION = 'us-east-1';

export interface CompanyOptions {
  readonly operator: Operator;
  /** Where the KMS API is. */
  readonly endpoint: string;
  readonly account: string;
  /** Tells this run from others: part of every name, so that the demo can be played again. */
  readonly run: string;
}

export interface CompanyKey {
  readonly arn: string;
  readonly alias: string;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A small company with its keys: everybody in it is a client of the KMS API like any other. */
export interface Company {
  readonly arnOf: ArnOf;
  readonly keys: Readonly<Record<KeyName, CompanyKey>>;
  readonly credentialsOf: (part: Part) => Credentials;
  readonly clientOf: (part: Part) => KMSClient;
  /** The administrator's work, in the order of the story. */
  rotate(key: KeyName): Promise<void>;
  shutOut(part: Part, key: KeyName): Promise<void>;
  /** Takes everybody's access keys away again. Keys and events stay. */
  dissolve(): Promise<void>;
}

/** A client as a service would make one; the last words of its user agent are the tool's name. */
export const clientFor = (endpoint: string, credentials: Credentials, tool: string, toolVersion: string): KMSClient =>
  new KMSClient({
    endpoint,
    region: REGION,
    credentials,
    customUserAgent: [[tool, toolVersion]],
    // A person's own AWS settings are about another place.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    maxAttempts: 3,
  });

/** Takes away what Node 20 is told at every start: it is for whoever maintains this program, not for who runs it. */
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** Hires everybody (as an operator would, on the data directory) and has the administrator make the keys (through the API). */
export async function foundCompany({ operator, endpoint, account, run }: CompanyOptions): Promise<Company> {
  const arnOf: ArnOf = (part) =>
    part === 'administrator'
      ? `arn:aws:iam::${account}:user/${run}/administrator`
      : `arn:aws:iam::${account}:role/${run}/${part}`;
  const parts: readonly Part[] = ['administrator', ...SERVICES];
  const credentials = new Map<Part, Credentials>();
  const clients = new Map<Part, KMSClient>();
  const keys = new Map<KeyName, CompanyKey>();

  const dissolve = async (): Promise<void> => {
    for (const client of clients.values()) client.destroy();
    for (const part of credentials.keys()) await operator.removePrincipal(arnOf(part));
    credentials.clear();
  };

  try {
    for (const part of parts) {
      const text = part === 'administrator' ? administratorPolicy : servicePolicy;
      const added = await operator.addPrincipal(arnOf(part), [{ name: `demo-${part}`, text }]);
      if ('code' in added) throw new OperationalError('NOT_FOUND', `${arnOf(part)} cannot be added: ${added.message}`);
      credentials.set(part, added);
      clients.set(part, clientFor(endpoint, added, part, '1.0'));
    }
    const administrator = present(clients.get('administrator'));
    for (const name of KEYS) keys.set(name, await makeKey(administrator, name));
  } catch (thrown) {
    await dissolve();
    throw thrown;
  }

  async function makeKey(administrator: KMSClient, name: KeyName): Promise<CompanyKey> {
    const { KeyMetadata } = await administrator.send(
      new CreateKeyCommand({
        Description: `${name} of the demo company ${run}`,
        Policy: keyPolicy(name, account, arnOf),
        Tags: [{ TagKey: 'demo', TagValue: run }],
      }),
    );
    const arn = present(KeyMetadata?.Arn);
    const alias = `alias/${run}/${name}`;
    await administrator.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: arn }));
    return { arn, alias };
  }

  const found = {
    cards: present(keys.get('cards')),
    customers: present(keys.get('customers')),
    archive: present(keys.get('archive')),
  };
  const administrator = present(clients.get('administrator'));
  return {
    arnOf,
    keys: found,
    credentialsOf: (part) => present(credentials.get(part)),
    clientOf: (part) => present(clients.get(part)),
    rotate: async (key) => {
      await administrator.send(new RotateKeyOnDemandCommand({ KeyId: found[key].arn }));
    },
    shutOut: async (part, key) => {
      const shut = deny(`ShutOut-${part}`, arnOf(part), ['Decrypt', 'ReEncryptFrom']);
      const Policy = keyPolicy(key, account, arnOf, [shut]);
      await administrator.send(new PutKeyPolicyCommand({ KeyId: found[key].arn, PolicyName: 'default', Policy }));
    },
    dissolve,
  };
}

function present<T>(value: T | undefined): T {
  assert(value, 'what was just made is there');
  return value;
}
