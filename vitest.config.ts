import { defineConfig } from 'vitest/config'

// Packages are tested from their sources: no build comes between an edit and its test.
const fromSource = {
  resolve: { conditions: ['millrace-source'] },
  ssr: { resolve: { conditions: ['millrace-source'] } },
}

const WITHOUT_KAFKA = ['test/conformance/stores.test.ts', 'test/conformance/client-memory.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'examples/**/*.test.ts',
            'test/{differential,simulation,chaos}/**/*.test.ts',
            ...WITHOUT_KAFKA,
          ],
        },
      },
      // The rest shares one real Kafka, which a global setup starts. Its files take turns in two workers at most: broker,
      // tests and the processes that tests start have two cores together.
      {
        ...fromSource,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          exclude: WITHOUT_KAFKA,
          globalSetup: ['@millrace/dev-kafka/vitest'],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'packages/*/src/**/*.kafka.test.ts'],
          globalSetup: ['@millrace/dev-kafka/vitest'],
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
