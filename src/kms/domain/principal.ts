/** Who may call: the root of an account, a user or a role. */
export interface Principal {
  readonly arn: string;
  readonly account: string;
  readonly type: 'root' | 'user' | 'role';
  /** Identity policies by name: digests of documents. */
  readonly policies: readonly { readonly name: string; readonly digest: string }[];
  readonly accessKeyIds: readonly string[];
  readonly createdAt: string;
}

/** An access key; its secret lies sealed in a table of its own. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly principal: string;
  readonly createdAt: string;
}

/** An alias and the key it stands for. */
export interface Alias {
  readonly arn: string;
  readonly name: string;
  readonly keyArn: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}
