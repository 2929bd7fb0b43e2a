import { rememberCanonical } from '../base/index.ts';
import type { ApiRequest } from './api/index.ts';
import type { Call } from './call.ts';

const MAX_USER_AGENT = 512;

const MAX_ORIGINS = 1_000;
const origins = new Map<string, Call['origin']>();

/** Clients call many times from one place: it is written once. */
export function originOf({ ip, userAgent }: ApiRequest): Call['origin'] {
  const name = `${ip ?? ''} ${userAgent ?? ''}`;
  const known = origins.get(name);
  if (known !== undefined) return known;
  const origin = rememberCanonical({
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, MAX_USER_AGENT).toWellFormed() }),
  });
  if (origins.size >= MAX_ORIGINS) origins.clear();
  origins.set(name, origin);
  return origin;
}
