import type { Change } from '../../events/index.ts';
import { refusal, type Refusal } from '../domain/index.ts';
import { done, refused, type Conditions, type InputValue, type Operation, type Tools } from '../call.ts';
import { page } from './page.ts';
import { withKey } from './with-key.ts';

const MAX_TAGS = 50;

interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

export const tagsOf = (tags: InputValue): Record<string, string> =>
  Object.fromEntries(((tags ?? []) as readonly Tag[]).map(({ TagKey, TagValue }) => [TagKey, TagValue]));

/** aws:RequestTag and aws:TagKeys, by which policies control tagging. */
export function tagConditions({ call }: Tools): Conditions {
  const { Tags: tags, TagKeys: tagKeys } = call.input;
  return {
    ...(tags === undefined ? {} : { requestTags: tagsOf(tags) }),
    ...(tagKeys === undefined ? {} : { tagKeys: tagKeys as readonly string[] }),
  };
}

/** "Unicode letters, digits, white space, and _ . / = + - : @" (AWS, "Tag naming limits"). */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function refuseTags(given: InputValue, present: Readonly<Record<string, string>>): Refusal | undefined {
  const tags = (given ?? []) as readonly Tag[];
  if (new Set(tags.map(({ TagKey }) => TagKey)).size !== tags.length)
    return refusal('TagException', 'Duplicate tag keys');
  if (tags.some(({ TagKey }) => TagKey.toLowerCase().startsWith('aws:')))
    return refusal('TagException', 'Tag keys that start with aws: are reserved');
  // A member of this name is lost by libraries that evidence passes through.
  if (tags.some(({ TagKey, TagValue }) => TagKey === '__proto__' || !TAG_TEXT.test(TagKey) || !TAG_TEXT.test(TagValue)))
    return refusal('TagException', 'Tag keys and values may hold letters, digits, spaces and _ . : / = + - @');
  if (Object.keys({ ...present, ...tagsOf(given) }).length > MAX_TAGS)
    return refusal('LimitExceededException', 'Too many tags');
  return undefined;
}

export const tagResource: Operation = withKey({
  mode: 'turn',
  rule: 'label',
  noAlias: true,
  conditions: tagConditions,
  run: (tools, key) => {
    const wrong = refuseTags(tools.call.input['Tags'], key.tags);
    if (wrong !== undefined) return refused(wrong);
    const change: Change = { type: 'KeyTagged', v: 1, key: key.arn, tags: tagsOf(tools.call.input['Tags']) };
    return done({}, [change]);
  },
});

export const untagResource: Operation = withKey({
  mode: 'turn',
  rule: 'label',
  noAlias: true,
  conditions: tagConditions,
  run: (tools, key) => {
    const asked = new Set(tools.call.input['TagKeys'] as readonly string[]);
    const tagKeys = Object.keys(key.tags).filter((name) => asked.has(name));
    return done({}, tagKeys.length === 0 ? [] : [{ type: 'KeyUntagged', v: 1, key: key.arn, tagKeys }]);
  },
});

export const listResourceTags: Operation = withKey({
  mode: 'now',
  rule: 'any',
  noAlias: true,
  run: (tools, key) => {
    const names = Object.keys(key.tags).sort();
    const list = page(tools, `tags ${key.arn}`, MAX_TAGS, (after, limit) => {
      return names
        .filter((name) => after === undefined || name > after)
        .slice(0, limit)
        .map((name) => ({ key: name, value: name }));
    });
    if (list.kind === 'refused') return list;
    return done({
      Tags: list.rows.map(({ value }) => ({ TagKey: value, TagValue: key.tags[value] ?? '' })),
      ...list.paging,
    });
  },
});
