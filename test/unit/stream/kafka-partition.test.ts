import * as fc from 'fast-check';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { murmur2, partitionOf } from '../../../src/stream/kafka-partition.ts';

test('agrees with the hashes that Kafka itself is tested with', () => {
  // Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
  const known = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [key, hash] of Object.entries(known)) expect(murmur2(Buffer.from(key))).toBe(hash);
});

test('sends every key where the default partitioner of kafkajs sends it', () => {
  const theirs = kafkajs.Partitioners.DefaultPartitioner();
  const keys = fc.uint8Array({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 64 }), (bytes, partitions) => {
      const key = Buffer.from(bytes);
      const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => {
        return { partitionId, leader: 1, replicas: [1], isr: [1], partitionErrorCode: 0 };
      });
      const expected = theirs({ topic: 't', partitionMetadata, message: { key, value: null } });
      expect(partitionOf(key, partitions)).toBe(expected);
    }),
  );
});

test('an empty key has a partition too', () => {
  expect(partitionOf(Buffer.alloc(0), 6)).toBeGreaterThanOrEqual(0);
});
