/** Why an operation is not carried out, under the name the AWS KMS API has for it. A value, never thrown. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export const refusal = (code: string, message: string): Refusal => ({ code, message });
