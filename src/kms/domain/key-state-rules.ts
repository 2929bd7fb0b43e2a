import { refusal, type Refusal } from './refusal.ts';
import type { Key } from './key.ts';

/** How an operation meets a key that is not Enabled; the groups of the AWS table "Key states of KMS keys". */
export type StateRule =
  /** Uses the key: refused unless Enabled. */
  | 'use'
  /** EnableKey and DisableKey. */
  | 'switch'
  /** EnableKeyRotation and DisableKeyRotation. */
  | 'rotation'
  /** Tags, description, alias target. */
  | 'label'
  | 'schedule-deletion'
  | 'cancel-deletion'
  /** Reads, policies: always allowed. */
  | 'any';

/** The refusal that a key's state calls for, or undefined where the operation may go on. */
export function refuseByState(key: Key, rule: StateRule): Refusal | undefined {
  if (rule === 'cancel-deletion') return key.status === 'PendingDeletion' ? undefined : notPendingDeletion(key);
  if (rule === 'any') return undefined;
  switch (key.status) {
    case 'Enabled':
      return undefined;
    case 'Disabled':
      return rule === 'use' || rule === 'rotation'
        ? refusal('DisabledException', `${key.arn} is disabled.`)
        : undefined;
    case 'PendingDeletion':
      return refusal('KMSInvalidStateException', `${key.arn} is pending deletion.`);
    case 'PendingImport':
      if (rule === 'rotation')
        return refusal(
          'UnsupportedOperationException',
          `${key.arn} origin is EXTERNAL which is not valid for this operation.`,
        );
      return rule === 'use' || rule === 'switch'
        ? refusal('KMSInvalidStateException', `${key.arn} is pending import.`)
        : undefined;
    case 'Unavailable':
      return rule === 'use' ? refusal('KMSInvalidStateException', `${key.arn} is unavailable.`) : undefined;
    case 'Deleted':
      return refusal('NotFoundException', `Key '${key.arn}' does not exist`);
  }
}

const notPendingDeletion = (key: Key): Refusal =>
  refusal('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
