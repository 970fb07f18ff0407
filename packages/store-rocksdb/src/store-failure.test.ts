import { expect, it } from 'vitest'
import { storeFailure } from './store-failure.ts'

const LOCK = 'IO error: While lock file: /state/0_0/LOCK: Resource temporarily unavailable'

it.each([
  ['IO error: No space left on device: While appending to file: /state/0_0/000012.log', 'MILLRACE_STORE_FAILED'],
  ['IO error: While open a file for appending: /state/0_0/000012.log: Permission denied', 'MILLRACE_STORE_FAILED'],
  ['IO error: While open a file for random read: /state/0_0/000012.sst: Too many open files', 'MILLRACE_STORE_FAILED'],
  ['IO error: /state/0_0/000012.log: Read-only file system', 'MILLRACE_STORE_FAILED'],
  [LOCK, 'MILLRACE_STORE_LOCKED'],
  ['Session is closed', 'MILLRACE_STORE_CLOSED'],
  ['Corruption: block checksum mismatch: stored = 1, computed = 2', 'MILLRACE_STORE_CORRUPT'],
  ['IO error: Something that RocksDB has never said', 'MILLRACE_STORE_CORRUPT'],
])('%s is %s', (message, code) => {
  expect(storeFailure('/state/0_0', new Error(message))).toMatchObject({ code })
  const wrapped = new Error('Batch was not applied', { cause: new AggregateError([undefined, new Error(message)]) })
  expect(storeFailure('/state/0_0', wrapped)).toMatchObject({ code })
})
