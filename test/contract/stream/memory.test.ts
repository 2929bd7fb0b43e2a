import { createMemoryStore, openMemoryLog } from '../../../src/stream/index.ts';
import { eventLogContract } from './event-log.contract.ts';

eventLogContract('memory', () => {
  const store = createMemoryStore();
  return Promise.resolve({
    open: () => Promise.resolve(openMemoryLog({ store })),
    remove: () => Promise.resolve(),
  });
});
