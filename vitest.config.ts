import { defineConfig } from 'vitest/config'

// Packages are tested from their sources: no build comes between an edit and its test.
const fromSource = {
  resolve: { conditions: ['millrace-source'] },
  ssr: { resolve: { conditions: ['millrace-source'] } },
}

/**
 * A test that hangs is ended, and for nothing else there is a limit: the default of 5 s would be a timed assertion on a machine that
 * has other things to do.
 */
const PATIENT = { testTimeout: 300_000, hookTimeout: 300_000 }

/**
 * Files share the modules of their worker, of which there is one for each core (vitest leaves one core alone by default): loading the
 * sources again for each file took half of the time. So a test may leave nothing behind in the process, no mocks of modules
 * and no changed globals.
 */
const SHARED_WORKERS = { isolate: false, maxWorkers: '100%' }

/** Tests that need a broker, wherever they stand, are `x.kafka.test.ts`: they run with those of test/e2e. */
const WITH_KAFKA = '**/*.kafka.test.ts'

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          ...PATIENT,
          ...SHARED_WORKERS,
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'bench/**/*.test.ts',
            'examples/**/*.test.ts',
            'test/{bad-input,client-versions,console,differential,leaks,simulation,chaos,type-mistakes,upgrade}/**/*.test.ts',
          ],
          exclude: [WITH_KAFKA, '**/node_modules/**'],
        },
      },
      {
        ...fromSource,
        test: {
          ...PATIENT,
          ...SHARED_WORKERS,
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          exclude: [WITH_KAFKA],
        },
      },
      // These share one real Kafka, which the global setup starts. Two workers at most: broker, tests and the processes that
      // tests start have two cores together.
      {
        ...fromSource,
        test: {
          ...PATIENT,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', WITH_KAFKA],
          // By path: a package name would be resolved to its build, which a fresh clone does not have.
          globalSetup: ['./packages/dev-kafka/src/vitest-global-setup.ts'],
          maxWorkers: 2,
          testTimeout: 900_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
