import {
  type BaseProcessorContext,
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  type Headers,
  type KeyValueStore,
  lruMap,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type ProcessorRecord,
  type SessionStore,
  sessionStore,
  type StoreBuilder,
  string,
  type ValueAndTimestamp,
  type WindowStore,
  windowStore,
} from '@millrace/core'
import { CATALOGUE, text } from '../catalogue.ts'
import type { OwnStore, ProcessorKind, ProcessorSteps, ProcessStep } from '../steps/processor-steps.ts'
import { type Building, type Datum, name, type Operators, type Result, stream, STRING, STRINGS } from './result.ts'

export const PROCESSORS: Operators<ProcessorSteps['op']> = {
  addStore(step, { builder }) {
    const it = ownStore(step.store)
    builder.addStateStore(it)
    return { ...STRINGS, kind: 'store', it }
  },
  addGlobalStore(step, { builder }) {
    const { name: named, type } = step.store
    const it = keyValueStore({ name: named, ...STORE_SERDES, ...(type === undefined ? {} : { type }) })
    const options = { key: string(), value: string() }
    builder.addGlobalStore(it, step.topic, options, () => upperGlobal(it))
    return { ...STRINGS, kind: 'store', it }
  },
  process,
  processValues: process,
}

const STORE_SERDES = { key: string(), value: string() }

/** Keeps the values of a topic in capitals. */
export function upperGlobal(
  kept: StoreBuilder<KeyValueStore<string, string>>,
): Processor<string, string, never, never> {
  let store: KeyValueStore<string, string>
  return {
    init: context => void (store = context.store(kept)),
    process({ key, value }) {
      if (key !== null) store.put(key, value === null ? null : CATALOGUE.valueMapper.upper('', value))
    },
  }
}

/** The store that an `addStore` describes. */
export function ownStore({ kind, retainDuplicates, maxEntries, type, ...settings }: OwnStore): StoreBuilder {
  const common = { ...settings, ...STORE_SERDES }
  if (maxEntries !== undefined) return lruMap({ ...common, maxEntries })
  const options = { ...common, ...(type === undefined ? {} : { type }) }
  switch (kind) {
    case 'keyValue':
      return keyValueStore(options)
    case 'window':
      return windowStore({
        ...options,
        windowSizeMs: 10,
        retentionMs: 40,
        ...(retainDuplicates ? { retainDuplicates } : {}),
      })
    case 'session':
      return sessionStore({ ...options, retentionMs: 40 })
  }
}

function process(step: ProcessStep, { read }: Building): Result {
  const from = read(step.from, 'stream')
  const own = step.store === undefined ? undefined : read(step.store, 'store').it.name
  const options = { ...name(step), ...(own === undefined ? {} : { stores: [own] }) }
  const store = own ?? step.lookUp ?? ''
  if (step.op === 'processValues') {
    const values = from.it.processValues(() => fixedKeyProcessor(step.processor, store), options)
    return stream(values, { key: from.key, value: STRING })
  }
  return stream(
    from.it.process(() => processor(step.processor, store), options),
    STRINGS,
  )
}

/** Makes what is done with each record. `forwardAny` is for punctuations. */
type Work = (
  context: BaseProcessorContext,
  store: string,
  forwardAny: (key: string, value: string, timestamp: number) => unknown,
) => Run

type Run = (record: ProcessorRecord<unknown, unknown>, forward: Forward) => Awaitable

/** Under the key of the record at hand. */
type Forward = (value: string | null, changes?: { readonly timestamp?: number; readonly headers?: Headers }) => unknown

type Awaitable = void | Promise<void>

/** A processor of a kind, with a store of this name. */
export function processor(kind: ProcessorKind, store: string): Processor<Datum, Datum, string, string | null> {
  let run: Run
  let context: ProcessorContext<string, string | null>
  return {
    init(given) {
      context = given
      run = WORKS[kind](context, store, (key, value, timestamp) =>
        context.forward({ key, value, timestamp, headers: [] }),
      )
    },
    process(record) {
      const key = text(record.key)
      return run(record, (value, changes) => context.forward({ key, value, ...changes }))
    },
  }
}

/** The same, which keeps the key. */
export function fixedKeyProcessor(kind: ProcessorKind, store: string): FixedKeyProcessor<Datum, Datum, string | null> {
  let run: Run
  let context: FixedKeyProcessorContext<Datum, string | null>
  return {
    init(given) {
      context = given
      run = WORKS[kind](context, store, () => {
        throw new Error('a punctuation has no key to keep')
      })
    },
    process: record => run(record, (value, changes) => context.forward({ ...record, value, ...changes })),
  }
}

const WORKS: Readonly<Record<ProcessorKind, Work>> = {
  count(context, name) {
    const store = context.store(name) as KeyValueStore<string, string>
    return async ({ key, value }, forward) => {
      const count = Number((await store.get(text(key))) ?? '0') + 1
      store.put(text(key), String(count))
      await forward(`${count}:${text(value)}`)
    }
  },
  ranges(context, name) {
    const store = context.store(name) as KeyValueStore<string, string>
    const keys = async (range: { from?: string; to?: string; reverse?: boolean }): Promise<string> =>
      (await listed(store.range(range), ([key]) => key)).join(',')
    return async (record, forward) => {
      const [key, value] = [text(record.key), text(record.value)]
      const old = value.startsWith('x') ? await store.delete(key) : await store.putIfAbsent(key, value)
      if (old !== undefined && value.includes('a')) store.put(key, value)
      await forward(`${old ?? '~'}|${await keys({ from: 'a', to: 'm' })}|${await keys({ reverse: true })}`)
    }
  },
  hold: (context, name, forwardAny) => holding(context, name, forwardAny, [10, 'stream-time']),
  holdByWallClock: (context, name, forwardAny) => holding(context, name, forwardAny, [25, 'wall-clock']),
  history(context, name) {
    const store = context.store(name) as WindowStore<string, string>
    return async ({ key, value, timestamp }, forward) => {
      const found = await listed(
        store.fetchRange(text(key), Math.max(0, timestamp - 10), timestamp),
        ([start, earlier]) => `${start}=${earlier}`,
      )
      store.put(text(key), value === null ? null : text(value), timestamp)
      await forward(found.join(','))
    }
  },
  sessions(context, name) {
    const store = context.store(name) as SessionStore<string, string>
    return async (record, forward) => {
      const [key, time] = [text(record.key), record.timestamp]
      const found = await listed(store.findSessions(key, time - 5, time + 5))
      for (const [window] of found) store.put({ key, window }, null)
      const window = {
        start: Math.min(time, ...found.map(([{ start }]) => start)),
        end: Math.max(time, ...found.map(([{ end }]) => end)),
      }
      const merged = [...found.map(([, value]) => value), text(record.value)].join('&').slice(-40)
      store.put({ key, window }, merged)
      await forward(`${window.start}/${window.end}=${merged}`)
    }
  },
  stamp: () => async (record, forward) => {
    const headers = [...record.headers, { key: 'seen', value: Buffer.from(text(record.key)) }]
    await forward(text(record.value), { timestamp: record.timestamp + 3, headers })
    await forward('again')
  },
  lag() {
    let held: (() => unknown) | undefined
    return async ({ value, timestamp, headers }, forward) => {
      await held?.()
      held = () => forward(`held ${text(value)}`, { timestamp, headers })
    }
  },
  lagByWallClock(context) {
    const held: (() => unknown)[] = []
    context.schedule(25, 'wall-clock', async () => {
      for (const passOn of held.splice(0)) await passOn()
    })
    return ({ value, timestamp, headers }, forward) => {
      held.push(() => forward(value === null ? null : `held ${text(value)}`, { timestamp, headers }))
    }
  },
  lookUp(context, name) {
    const store = context.store(name) as KeyValueStore<string, string | ValueAndTimestamp<string>>
    return async ({ key, value }, forward) => {
      const found = await store.get(text(key))
      await forward(`${text(value)}@${typeof found === 'object' ? `${found.value} ${found.timestamp}` : text(found)}`)
    }
  },
}

async function listed<T, R = T>(items: AsyncIterable<T>, made: (item: T) => R = item => item as never): Promise<R[]> {
  const list: R[] = []
  for await (const item of items) list.push(made(item))
  return list
}

function holding(
  context: BaseProcessorContext,
  name: string,
  forwardAny: (key: string, value: string, timestamp: number) => unknown,
  [intervalMs, clock]: readonly [number, 'stream-time' | 'wall-clock'],
): Run {
  const store = context.store(name) as KeyValueStore<string, string>
  context.schedule(intervalMs, clock, async timestamp => {
    for (const [key, value] of await listed(store.all())) {
      await forwardAny(key, value, timestamp)
      store.put(key, null)
    }
  })
  return ({ key, value }) => store.put(text(key), value === null ? null : text(value))
}
