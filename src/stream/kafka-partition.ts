const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** MurmurHash2, 32 bits, as Kafka's own clients hash keys, so that every producer finds the same partition. Signed. */
export function murmur2(bytes: Uint8Array): number {
  const words = bytes.length >>> 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = SEED ^ bytes.length;
  for (let word = 0; word < words; word += 1) {
    let k = Math.imul(view.getInt32(word * 4, true), M);
    k = Math.imul(k ^ (k >>> R), M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = words * 4;
  const left = bytes.length - rest;
  if (left === 3) hash ^= (bytes[rest + 2] ?? 0) << 16;
  if (left >= 2) hash ^= (bytes[rest + 1] ?? 0) << 8;
  if (left >= 1) hash = Math.imul(hash ^ (bytes[rest] ?? 0), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** The partition of a key among `partitions`, as Kafka's default partitioner has it. */
export const partitionOf = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;
