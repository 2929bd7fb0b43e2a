import { isObject, malformed, read, stringList, type Principals, type Read } from './policy.ts';

/** What KMS answers to any principal that it cannot use, without saying which one. */
const INVALID = 'Policy contains a statement with one or more invalid principals.';

const ACCOUNT = /^\d{12}$/;
const ROOT = /^arn:aws[a-z-]*:iam::(\d{12}):root$/;
/** Any printable character but space and the wildcards: part of a principal cannot be a wildcard. */
const USER_OR_ROLE = /^arn:aws[a-z-]*:iam::\d{12}:(?:user|role)\/[!-)+->@-~]{1,576}$/;
const SESSION =
  /^arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role\/[\w+=,.@-]{1,64}\/[\w+=,.@-]{2,64}|federated-user\/[\w+=,.@-]{2,32})$/;
const SERVICE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;

/** Principal or NotPrincipal: `"*"`, or a map of lists by kind. */
export function parsePrincipals(value: unknown, negated: boolean): Read<Principals> {
  if (value === '*') return read({ negated, anyone: true, accounts: [], arns: [], services: [], federated: [] });
  if (!isObject(value) || Object.keys(value).length === 0) return malformed(INVALID);
  let anyone = false;
  const accounts: string[] = [];
  const arns: string[] = [];
  const services: string[] = [];
  const federated: string[] = [];
  for (const [kind, listed] of Object.entries(value)) {
    const names = stringList(listed);
    if (names === undefined) return malformed(INVALID);
    for (const name of names) {
      const account = ACCOUNT.test(name) ? name : ROOT.exec(name)?.[1];
      if (kind === 'AWS' && name === '*') anyone = true;
      else if (kind === 'AWS' && account !== undefined) accounts.push(account);
      else if (kind === 'AWS' && (USER_OR_ROLE.test(name) || SESSION.test(name))) arns.push(name);
      else if (kind === 'Service' && SERVICE.test(name)) services.push(name);
      else if (kind === 'Federated' && name !== '') federated.push(name);
      else return malformed(INVALID);
    }
  }
  return read({ negated, anyone, accounts, arns, services, federated });
}
