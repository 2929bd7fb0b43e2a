/** Carries the decoded type of a shape; never present at run time. */
declare const decoded: unique symbol;
interface Decodes<T> {
  readonly [decoded]?: T;
}

/** Lengths are in characters, inclusive. */
export interface StringShape<T extends string = string> extends Decodes<T> {
  readonly kind: 'string';
  readonly min?: number;
  readonly max?: number;
  /** Must match the whole value. Quoted in the refusal as it stands. */
  readonly pattern?: string;
  readonly values?: readonly string[];
  /** Never repeated in a refusal. */
  readonly sensitive?: boolean;
}
export interface IntegerShape extends Decodes<number> {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
}
export interface BooleanShape extends Decodes<boolean> {
  readonly kind: 'boolean';
}
/** Seconds since the Unix epoch, possibly with a fraction. */
export interface TimestampShape extends Decodes<number> {
  readonly kind: 'timestamp';
}
/** Base64 on the wire, bytes here; lengths are in bytes. Never repeated in a refusal. */
export interface BlobShape extends Decodes<Buffer> {
  readonly kind: 'blob';
  readonly min: number;
  readonly max: number;
}
export interface ListShape<T = unknown> extends Decodes<readonly T[]> {
  readonly kind: 'list';
  readonly of: Shape;
  readonly min?: number;
  readonly max?: number;
}
/** String to string. The decoded object has no prototype. */
export interface MapShape extends Decodes<Readonly<Record<string, string>>> {
  readonly kind: 'map';
}
export interface StructureShape<T = unknown> extends Decodes<T> {
  readonly kind: 'structure';
  readonly required: Members;
  readonly optional: Members;
}

export type Shape =
  StringShape | IntegerShape | BooleanShape | TimestampShape | BlobShape | ListShape | MapShape | StructureShape;
export type Members = Readonly<Record<string, Shape>>;

export type Decoded<S> = S extends Decodes<infer T> ? T : never;
type Flat<T> = { [K in keyof T]: T[K] };
export type DecodedMembers<R extends Members, O extends Members> = Flat<
  { readonly [K in keyof R]: Decoded<R[K]> } & { readonly [K in keyof O]?: Decoded<O[K]> }
>;

export const text = (min: number, max: number, pattern?: string): StringShape => ({
  kind: 'string',
  min,
  max,
  ...(pattern === undefined ? {} : { pattern }),
});
export const secretText = (min: number, max: number, pattern?: string): StringShape => ({
  ...text(min, max, pattern),
  sensitive: true,
});
type Words<Line extends string> = Line extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Line;
/** One of the words in the given lines: `oneOf('AES_256 AES_128')`. */
export const oneOf = <const Line extends string>(...lines: readonly Line[]): StringShape<Words<Line>> => ({
  kind: 'string',
  values: lines.flatMap((line) => line.split(' ')),
});
export const integer = (min: number, max: number): IntegerShape => ({ kind: 'integer', min, max });
export const boolean: BooleanShape = { kind: 'boolean' };
export const timestamp: TimestampShape = { kind: 'timestamp' };
export const blob = (min: number, max: number): BlobShape => ({ kind: 'blob', min, max });
export const list = <S extends Shape>(of: S, bounds: { min?: number; max?: number } = {}): ListShape<Decoded<S>> => ({
  kind: 'list',
  of,
  ...bounds,
});
export const stringMap: MapShape = { kind: 'map' };

export function structure<R extends Members, O extends Members>(
  required: R,
  optional: O,
): StructureShape<DecodedMembers<R, O>> {
  return { kind: 'structure', required, optional };
}
