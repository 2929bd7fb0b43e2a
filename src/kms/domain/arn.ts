/** Parts of a KMS ARN: `arn:aws:kms:<region>:<account>:key/<id>` or `...:alias/<name>`. */
export interface KmsArn {
  readonly region: string;
  readonly account: string;
  readonly kind: 'key' | 'alias';
  /** Key id, or alias name with its `alias/` prefix. */
  readonly name: string;
}

export const keyArn = (region: string, account: string, keyId: string): string =>
  `arn:aws:kms:${region}:${account}:key/${keyId}`;
export const aliasArn = (region: string, account: string, alias: string): string =>
  `arn:aws:kms:${region}:${account}:${alias}`;
export const keyIdOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Undefined for anything that is not an ARN of a key or an alias. */
export function parseKmsArn(text: string): KmsArn | undefined {
  const [arn, partition, service, region, account, ...rest] = text.split(':');
  const name = rest.join(':');
  if (arn !== 'arn' || partition !== 'aws' || service !== 'kms' || region === undefined || account === undefined)
    return undefined;
  if (name.startsWith('key/') && name.length > 4) return { region, account, kind: 'key', name: name.slice(4) };
  if (name.startsWith('alias/') && name.length > 6) return { region, account, kind: 'alias', name };
  return undefined;
}
