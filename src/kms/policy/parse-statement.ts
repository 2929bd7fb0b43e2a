import { parseConditions } from './parse-condition.ts';
import { parsePrincipals } from './parse-principal.ts';
import {
  isObject,
  malformed,
  read,
  stringList,
  type Patterns,
  type PolicyKind,
  type Principals,
  type Read,
  type Statement,
} from './policy.ts';

const SID_OF_IDENTITY_POLICY = /^[A-Za-z0-9]*$/;
const ACTION = /^(?:\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?-]+)$/;
const STATEMENT_ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

/** One statement, by its place in the document. */
export function readStatement(element: unknown, place: number, kind: PolicyKind): Read<Statement> {
  if (!isObject(element)) return malformed('Syntax errors in policy: a statement must be an object.');
  const unknown = Object.keys(element).find((name) => !STATEMENT_ELEMENTS.has(name));
  if (unknown !== undefined) return malformed(`Syntax errors in policy: unknown element ${unknown.slice(0, 128)}.`);
  const sid = element['Sid'];
  if (sid !== undefined && typeof sid !== 'string') return malformed('Syntax errors in policy: Sid must be a string.');
  if (kind === 'identity' && sid !== undefined && !SID_OF_IDENTITY_POLICY.test(sid)) {
    return malformed(
      `Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*`,
    );
  }
  const effect = element['Effect'];
  if (effect === undefined) return malformed('Missing required field Effect.');
  if (effect !== 'Allow' && effect !== 'Deny') return malformed('Invalid effect: it must be Allow or Deny.');
  const principals = readPrincipals(element, kind);
  if (!principals.ok) return principals;
  const actions = readPatterns(element, 'Action', kind);
  if (!actions.ok) return actions;
  const resources = readPatterns(element, 'Resource', kind);
  if (!resources.ok) return resources;
  const conditions = element['Condition'] === undefined ? read([]) : parseConditions(element['Condition'], kind);
  if (!conditions.ok) return conditions;
  const label = sid === undefined || sid === '' ? `#${String(place + 1)}` : sid.slice(0, 256);
  return read({
    label,
    effect,
    principals: principals.value,
    actions: actions.value,
    resources: resources.value,
    conditions: conditions.value,
  });
}

function readPrincipals(element: Readonly<Record<string, unknown>>, kind: PolicyKind): Read<Principals | undefined> {
  const { Principal: named, NotPrincipal: excepted } = element;
  if (kind === 'identity') {
    return named === undefined && excepted === undefined
      ? read(undefined)
      : malformed('Policy document should not specify a principal.');
  }
  if (named !== undefined && excepted !== undefined)
    return malformed('Statement must contain either Principal or NotPrincipal, not both.');
  if (named === undefined && excepted === undefined) return malformed('Missing required field Principal.');
  return named === undefined ? parsePrincipals(excepted, true) : parsePrincipals(named, false);
}

function readPatterns(
  element: Readonly<Record<string, unknown>>,
  name: 'Action' | 'Resource',
  kind: PolicyKind,
): Read<Patterns | undefined> {
  const positive = element[name];
  const negative = element[`Not${name}`];
  if (positive !== undefined && negative !== undefined)
    return malformed(`Statement must contain either ${name} or Not${name}, not both.`);
  if (positive === undefined && negative === undefined) {
    // "The CreateKey and PutKeyPolicy APIs succeed, even though the policy statement is ineffective."
    return kind === 'key' ? read(undefined) : malformed(`Policy statement must contain ${name.toLowerCase()}s.`);
  }
  const patterns = stringList(positive ?? negative);
  if (patterns === undefined)
    return malformed(`Syntax errors in policy: ${name} must be a string or a list of strings.`);
  if (name === 'Action' && !patterns.every((pattern) => ACTION.test(pattern))) {
    return malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
  }
  const unusable =
    name === 'Resource' ? patterns.find((pattern) => pattern !== '*' && !pattern.startsWith('arn:')) : undefined;
  if (unusable !== undefined) return malformed(`Resource ${unusable.slice(0, 128)} must be in ARN format or "*".`);
  return read({ negated: positive === undefined, patterns });
}
