import {
  ByteSink,
  bytes,
  type KeySpace,
  memoryStore,
  NO_HEADERS,
  type StoreChanges,
  type StorePlan,
  string,
  type StoreRow,
} from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { storeCodec } from '../format/store-codec.ts'
import { StoreBuffer } from './store-buffer.ts'

const PLAN: StorePlan = {
  name: 'store',
  kind: 'key-value',
  timestamped: true,
  keySerde: bytes(),
  valueSerde: string(),
  caching: false,
  changelog: undefined,
  processors: [],
}
const context = { timestamp: 0, headers: NO_HEADERS, topic: null, partition: -1, offset: -1 }

/** A store with keys of which the first byte is the prefix. Counts the iterators that are opened. */
async function open() {
  const state = await memoryStore().open({ directory: '', stores: ['store'], logger: silentLogger })
  const space = state.store('store')
  const opened = { count: 0 }
  const backend: KeySpace = {
    ...space,
    iterate: range => {
      opened.count++
      return space.iterate(range)
    },
  }
  const openBuffer = async () => {
    const [first] = await space.iterate({ limit: 1 }).nextChunk()
    const buffer = new StoreBuffer({
      codec: storeCodec(PLAN, 'store-changelog'),
      backend,
      syncReads: false,
      empty: first === undefined,
      context,
      log: undefined,
      scratch: new ByteSink(),
    })
    return { buffer, index: buffer.indexPrefixes(() => 1) }
  }
  return { state, opened, openBuffer }
}

async function shown(rows: readonly StoreRow[] | AsyncIterable<StoreRow>): Promise<string[]> {
  const found: string[] = []
  for await (const { key, value } of rows) found.push(`${Buffer.from(key as Uint8Array).toString()} ${String(value)}`)
  return found
}

async function commit(buffer: StoreBuffer): Promise<StoreChanges> {
  await buffer.flush()
  const changes = buffer.changes()
  buffer.committed()
  return changes
}

it('shows what begins with a prefix, through commits, evictions, reads ahead and crashes', async () => {
  const key = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', 'x', 'xy', 'z')).map(parts => parts.join(''))
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ key, value: fc.option(fc.string()) }) },
    { weight: 4, arbitrary: fc.record({ show: fc.constantFrom('a', 'b', 'c') }) },
    { weight: 4, arbitrary: fc.constantFrom('commit', 'settle', 'evict', 'prefetch', 'crash') },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async steps => {
      const { state, openBuffer } = await open()
      let { buffer, index } = await openBuffer()
      let model = new Map<string, string>()
      let durable = new Map<string, string>()
      let writing: StoreChanges | undefined
      const settle = async () => {
        if (writing !== undefined) await state.write([writing], [])
        writing = undefined
      }
      for (const action of steps) {
        if (typeof action === 'object' && 'key' in action) {
          buffer.put(Buffer.from(action.key), 0, action.value, 1)
          if (action.value === null) model.delete(action.key)
          else model.set(action.key, action.value)
        } else if (typeof action === 'object') {
          const expected = [...model]
            .filter(([its]) => its.startsWith(action.show))
            .sort(([a], [b]) => (a < b ? -1 : 1))
          expect(await shown(index.rows(Buffer.from(action.show)))).toEqual(expected.map(row => row.join(' ')))
        } else if (action === 'commit') {
          await settle()
          writing = await commit(buffer)
          durable = new Map(model)
        } else if (action === 'settle') {
          await settle()
        } else if (action === 'evict') {
          buffer.evict(0, writing === undefined)
        } else if (action === 'prefetch') {
          await index.prefetch(['a', 'b', 'c'].map(prefix => Buffer.from(prefix)).filter(prefix => index.lacks(prefix)))
          expect(index.rows(Buffer.from('a'))).toBeInstanceOf(Array)
        } else {
          await settle()
          ;({ buffer, index } = await openBuffer())
          model = new Map(durable)
        }
      }
    }),
    { numRuns: 200 },
  )
})

it('opens no iterator for a prefix of which nothing has left the heap', async () => {
  const { state, opened, openBuffer } = await open()
  const { buffer, index } = await openBuffer()
  for (const key of ['ax', 'ay', 'bx']) buffer.put(Buffer.from(key), 0, key, 1)
  await state.write([await commit(buffer)], [])
  expect(await shown(index.rows(Buffer.from('a')))).toEqual(['ax ax', 'ay ay'])
  buffer.evict(0)
  expect(await shown(index.rows(Buffer.from('z')))).toEqual([])
  expect([opened.count, index.misses]).toEqual([0, 0])
  expect(await shown(index.rows(Buffer.from('a')))).toEqual(['ax ax', 'ay ay'])
  expect([opened.count, index.misses]).toEqual([1, 1])
})

it('reads prefixes ahead, but none with very many rows: those are walked where they are', async () => {
  const { state, openBuffer } = await open()
  const written = await openBuffer()
  for (let row = 0; row < 300; row++) written.buffer.put(Buffer.from(`m${row}`), 0, 'x', 1)
  written.buffer.put(Buffer.from('f'), 0, 'y', 1)
  await state.write([await commit(written.buffer)], [])
  const { index } = await openBuffer()
  const [few, many, none] = ['f', 'm', 'n'].map(prefix => Buffer.from(prefix)) as [Buffer, Buffer, Buffer]
  expect([few, many, none].every(prefix => index.lacks(prefix))).toBe(true)
  await index.prefetch([few, many, none])
  expect([few, many, none].some(prefix => index.lacks(prefix))).toBe(false)
  expect(index.rows(few)).toHaveLength(1)
  expect(index.rows(none)).toEqual([])
  expect(index.rows(many)).not.toBeInstanceOf(Array)
  expect(await shown(index.rows(many))).toHaveLength(300)
})
