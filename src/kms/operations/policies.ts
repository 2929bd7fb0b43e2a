import { refusal } from '../domain/index.ts';
import { done, refused, type Operation, type Tools } from '../call.ts';
import { checkPolicy, documentOf } from '../documents.ts';
import { page } from './page.ts';
import { withKey } from './with-key.ts';

const POLICY_NAME = 'default';

const refuseName = ({ call }: Tools): ReturnType<typeof refusal> | undefined =>
  call.input['PolicyName'] === undefined || call.input['PolicyName'] === POLICY_NAME
    ? undefined
    : refusal('NotFoundException', 'No such policy exists');

export const getKeyPolicy: Operation = withKey({
  mode: 'now',
  rule: 'any',
  noAlias: true,
  run: (tools, key) => {
    const wrong = refuseName(tools);
    if (wrong !== undefined) return refused(wrong);
    return done({ Policy: tools.state.get('documents', key.policyDigest), PolicyName: POLICY_NAME });
  },
});

export const putKeyPolicy: Operation = withKey({
  mode: 'turn',
  rule: 'any',
  noAlias: true,
  conditions: ({ call }) => ({
    parameters: { 'kms:bypasspolicylockoutsafetycheck': String(call.input['BypassPolicyLockoutSafetyCheck'] === true) },
  }),
  run: (tools, key) => {
    const text = tools.call.input['Policy'] as string;
    const wrong =
      refuseName(tools) ??
      checkPolicy(tools, text, key.arn, tools.call.input['BypassPolicyLockoutSafetyCheck'] === true);
    if (wrong !== undefined) return refused(wrong);
    const { ref, attachments } = documentOf(text);
    if (ref.digest === key.policyDigest) return done({});
    return done({}, [{ type: 'PolicyChanged', v: 1, key: key.arn, before: key.policyDigest, after: ref }], attachments);
  },
});

export const listKeyPolicies: Operation = withKey({
  mode: 'now',
  rule: 'any',
  noAlias: true,
  run: (tools, key) => {
    const list = page(tools, `policies ${key.arn}`, 1, (after) =>
      after === undefined ? [{ key: POLICY_NAME, value: POLICY_NAME }] : [],
    );
    if (list.kind === 'refused') return list;
    return done({ PolicyNames: list.rows.map(({ value }) => value), ...list.paging });
  },
});
