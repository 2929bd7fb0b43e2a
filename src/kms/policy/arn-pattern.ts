import type { ConditionContext } from './condition-context.ts';
import { compileGlob } from './glob.ts';
import { STAR, fixedTokens, matcherOf, textOf, type Matcher, type Template } from './template.ts';

const COLON = 58;
/** `arn:partition:service:region:account:resource`; the resource may hold colons of its own. */
const COMPONENTS = 6;

/**
 * Matches ARNs component by component: "each of the six colon-delimited components of the ARN is checked separately and
 * each can include wildcards", so that a star never reaches past a colon before the resource. A pattern with fewer
 * components, such as `arn:aws:kms:*`, covers what it leaves out only when it ends in a star.
 */
export function compileArnPattern(template: Template): Matcher {
  const fixed = fixedTokens(template);
  if (fixed?.every((token) => token >= 0) === true) {
    const literal = textOf(fixed);
    return (arn) => arn === literal;
  }
  const parts = splitAtColons(template);
  const open = parts.length < COMPONENTS;
  if (open && parts.at(-1)?.at(-1) !== STAR) return () => false;
  const matchers = parts.map((part) => matcherOf(part, compileGlob));
  return (arn, context) => matchesComponents(matchers, open, arn, context);
}

function matchesComponents(
  matchers: readonly Matcher[],
  open: boolean,
  arn: string,
  context: ConditionContext,
): boolean {
  let from = 0;
  for (let index = 0; index < matchers.length; index += 1) {
    const last = index === matchers.length - 1;
    const colon = last && !open ? -1 : arn.indexOf(':', from);
    // Too few components: the pattern still has some to match.
    if (colon === -1 && !last) return false;
    const component = colon === -1 ? arn.slice(from) : arn.slice(from, colon);
    if (matchers[index]?.(component, context) !== true) return false;
    from = colon + 1;
  }
  return true;
}

/** The components of the pattern as written: a colon inside the value of a variable does not begin a new one. */
function splitAtColons(template: Template): readonly Template[] {
  const parts: Template[] = [];
  let start = 0;
  for (let at = 0; at < template.length && parts.length < COMPONENTS - 1; at += 1) {
    if (template[at] !== COLON) continue;
    parts.push(template.slice(start, at));
    start = at + 1;
  }
  parts.push(template.slice(start));
  return parts;
}
