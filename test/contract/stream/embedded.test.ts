import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../src/base/index.ts';
import { openEmbeddedLog } from '../../../src/stream/index.ts';
import { eventLogContract } from './event-log.contract.ts';

eventLogContract('embedded', async () => {
  const path = await mkdtemp(join(tmpdir(), 'keyledger-stream-'));
  return {
    open: () => Promise.resolve(openEmbeddedLog({ path, log: silentLog })),
    remove: () => rm(path, { recursive: true }),
  };
});
