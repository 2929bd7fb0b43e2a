import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Something secret, in every form in which it might have been written down. */
export interface Canary {
  readonly name: string;
  readonly forms: readonly Buffer[];
}

export function canary(name: string, bytes: Buffer): Canary {
  const texts = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
  return { name, forms: [bytes, ...texts.map((text) => Buffer.from(text, 'latin1'))] };
}

/** Names of the canaries that a place holds. */
export const foundIn = (place: Buffer | string, canaries: readonly Canary[]): readonly string[] => {
  const bytes = typeof place === 'string' ? Buffer.from(place, 'utf8') : place;
  return canaries.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ name }) => name);
};

/** Every file below a directory that holds a canary: the path and what was found there. */
export function foundBelow(
  directory: string,
  canaries: readonly Canary[],
  except: readonly string[] = [],
): readonly string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !except.includes(path))
    .flatMap((path) => foundIn(readFileSync(join(directory, path)), canaries).map((name) => `${path}: ${name}`));
}
