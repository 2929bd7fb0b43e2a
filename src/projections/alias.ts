/** Who owns an alias, as of `seq`; without `key` it is deleted. Kept so that late facts about it are known to be late. */
export interface AliasRow {
  /** `arn:aws:kms:region:account:alias/name`. */
  readonly arn: string;
  readonly seq: number;
  /** ARN of the key it names. */
  readonly key?: string;
}

/** The ARN of an alias, which lives in the Region and account of the key it names. */
export const aliasArn = (keyArn: string, alias: string): string =>
  [...keyArn.split(':', 5), alias.startsWith('alias/') ? alias : `alias/${alias}`].join(':');
