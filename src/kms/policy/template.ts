import type { ConditionContext } from './condition-context.ts';

/** A character code, or one of the wildcards. */
export type Token = number;
/** `*`: any characters, none included. */
export const STAR: Token = -1;
/** `?`: exactly one character. */
export const ANY: Token = -2;

interface Variable {
  /** The condition key that the variable stands for, in lower case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

/** Text of a policy in which wildcards and variables have been told from plain characters. */
export type Template = readonly (Token | Variable)[];

/** What a text may hold: `*` and `?` as wildcards; `${...}`, from version 2012-10-17 on. */
export interface Syntax {
  readonly wildcards: boolean;
  readonly variables: boolean;
}

/** `${key}` or `${key, 'default'}`. */
const VARIABLE = /^([^,']+)(?:,\s*'([^']*)')?$/;

/**
 * Reads the text. `${*}`, `${?}` and `${$}` are the plain characters; `${` that nothing closes is plain text, as is all
 * of it where variables do not exist.
 */
export function parseTemplate(text: string, syntax: Syntax): Template {
  const template: (Token | Variable)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const close = syntax.variables && text.startsWith('${', at) ? text.indexOf('}', at) : -1;
    const variable = close === -1 ? undefined : parseVariable(text.slice(at + 2, close));
    if (variable !== undefined) {
      template.push(variable);
      at = close;
    } else if (syntax.wildcards && text[at] === '*') template.push(STAR);
    else if (syntax.wildcards && text[at] === '?') template.push(ANY);
    else template.push(text.charCodeAt(at));
  }
  return template;
}

function parseVariable(inside: string): Token | Variable | undefined {
  if (inside === '*' || inside === '?' || inside === '$') return inside.charCodeAt(0);
  const [, key, fallback] = VARIABLE.exec(inside) ?? [];
  return key === undefined ? undefined : { key: key.trim().toLowerCase(), fallback };
}

/** The tokens of a template without variables; undefined when it has some. */
export function fixedTokens(template: Template): readonly Token[] | undefined {
  return template.every((part) => typeof part === 'number') ? template : undefined;
}

/**
 * The tokens with every variable replaced, its value taken literally. Undefined where a variable has no value here, or
 * several: "the value is effectively null. There is no equal or like value."
 */
export function resolveTokens(template: Template, context: ConditionContext): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (const part of template) {
    if (typeof part === 'number') tokens.push(part);
    else {
      const value = context.get(part.key) ?? part.fallback;
      if (typeof value !== 'string') return undefined;
      for (let at = 0; at < value.length; at += 1) tokens.push(value.charCodeAt(at));
    }
  }
  return tokens;
}

/** Says whether a text of the request matches, given what else is known of the request. */
export type Matcher = (text: string, context: ConditionContext) => boolean;

/** Compiles once what can be; a template with variables is compiled anew with the values of each request. */
export function matcherOf(
  template: Template,
  compile: (tokens: readonly Token[]) => (text: string) => boolean,
): Matcher {
  const fixed = fixedTokens(template);
  if (fixed !== undefined) return compile(fixed);
  return (text, context) => {
    const tokens = resolveTokens(template, context);
    return tokens !== undefined && compile(tokens)(text);
  };
}

/** The tokens as text, for templates without wildcards. */
export function textOf(tokens: readonly Token[]): string {
  let text = '';
  for (const token of tokens) text += String.fromCharCode(token);
  return text;
}
