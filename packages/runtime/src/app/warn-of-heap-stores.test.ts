import { keyValueStore, memoryStore, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { warnOfHeapStores } from './warn-of-heap-stores.ts'

const texts = { key: string(), value: string() }

function plan(type: 'persistent' | 'memory' | undefined) {
  const builder = new StreamsBuilder()
  const typed = type === undefined ? {} : { type }
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: { name: 'word-counts', ...typed } })
  builder.addStateStore(keyValueStore({ name: 'seen', ...texts, ...typed }))
  builder.table('rows', { ...texts, store: { name: 'rows-store', ...typed } })
  builder.stream('more', texts).process(() => ({ process() {} }), { stores: ['seen'] })
  return builder.build()
}

it.each([
  ['persistent', false, ['word-counts', 'rows-store', 'seen']],
  ['persistent', true, []],
  ['memory', false, []],
  [undefined, false, []],
] as const)('stores of the type %s, with a backend that lasts: %s', (type, durable, named) => {
  const lines: string[] = []
  const backend = memoryStore()
  const store = { ...backend, capabilities: { ...backend.capabilities, durable } }
  const logger = { ...silentLogger, warn: (_fields: object, line: string) => void lines.push(line) }
  warnOfHeapStores(plan(type), { store, logger })
  expect(lines).toHaveLength(named.length === 0 ? 0 : 1)
  for (const name of named) expect(lines[0]).toContain(name)
  if (named.length > 0) expect(lines[0]).toContain('store: rocksdb()')
})
