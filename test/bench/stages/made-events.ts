import { randomBytes } from 'node:crypto';
import { systemClock } from '../../../src/base/index.ts';
import { Journal, type EventDraft } from '../../../src/journal/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { ACCOUNT, ALIASES, CALLERS, REGION, contextOf } from '../load/company.ts';

const KEYS = 200;
const CALLS_AT_ONCE = 64;

const pad = (number: number): string => String(number).padStart(12, '0');
const arnOf = (key: number): string => `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-4000-8000-${pad(key)}`;

/** An event like those of the measured traffic: 70 % Decrypt, 20 % Encrypt, 10 % GenerateDataKey; one in fifty refused. */
function draft(at: number): EventDraft {
  const key = (at * 7919) % KEYS;
  const caller = CALLERS[at % CALLERS.length]!;
  const operation = at % 10 < 7 ? 'Decrypt' : at % 10 < 9 ? 'Encrypt' : 'GenerateDataKey';
  const refused = at % 50 === 0;
  const fingerprint = randomBytes(16).toString('hex');
  return {
    operation,
    kind: 'data',
    outcome: refused ? 'denied' : 'success',
    ...(refused ? { errorCode: 'AccessDeniedException' } : {}),
    region: REGION,
    actor: { arn: caller.arn, type: 'role', account: ACCOUNT, accessKeyId: caller.key.id },
    origin: { ip: '127.0.0.1', userAgent: 'aws-sdk-js/3.1164.0 ua/2.1 os/linux lang/js md/nodejs#20.20.0 api/kms' },
    key: { arn: arnOf(key), account: ACCOUNT, region: REGION, spec: 'SYMMETRIC_DEFAULT', version: 1 },
    request: operation === 'Decrypt' ? {} : { KeyId: ALIASES[key % ALIASES.length]! },
    encryptionContext: contextOf(at),
    decision: { effect: refused ? 'deny' : 'allow', by: 'key-policy', sid: 'Use' },
    ...(refused ? {} : { ciphertext: operation === 'Decrypt' ? { in: fingerprint } : { out: fingerprint } }),
    trace: { requestId: `00000000-0000-4000-8000-${pad(at)}` },
    changes: [],
    startedUs: systemClock.monotonicUs(),
    cryptoUs: 20,
  };
}

/** Fills a journal as 64 callers at a time would, every group synced; what all other stages then read. */
export async function fillJournal(path: string, events: number): Promise<void> {
  const journal = new Journal({ path, clock: systemClock, log: silentLog });
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < events) {
      const at = (next += 1);
      await journal.recordNow(() => ({ draft: draft(at), writes: [], answer: undefined }));
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, caller));
  await journal.close();
}
