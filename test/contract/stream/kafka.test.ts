import { silentLog } from '../../../src/base/index.ts';
import { openKafkaLog } from '../../../src/stream/index.ts';
import { ownPrefix, sharedBrokers } from '../../support/shared-broker.ts';
import { eventLogContract } from './event-log.contract.ts';

eventLogContract('Kafka', async () => {
  const brokers = await sharedBrokers();
  const prefix = ownPrefix();
  return {
    open: () => openKafkaLog({ brokers, clientId: 'contract', prefix, partitions: 3, log: silentLog }),
    remove: () => Promise.resolve(),
  };
});
