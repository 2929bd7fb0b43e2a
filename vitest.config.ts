import { defineConfig } from 'vitest/config';

/** One Kafka broker for a run, started when a test first asks for it. */
const globalSetup = 'test/support/broker-setup.ts';

/**
 * Unit tests are fast and pure; the other projects start real brokers, servers and processes, on a machine that may be busy with
 * other things: a test of theirs that fails is run once more, and what is broken fails twice.
 */
export default defineConfig({
  test: {
    // Most of these wait for brokers, disks and timers: two at a time, whatever the machine.
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'contract',
          retry: 1,
          globalSetup,
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          retry: 1,
          globalSetup,
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          retry: 1,
          globalSetup,
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
