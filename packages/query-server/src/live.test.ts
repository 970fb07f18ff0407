import { partitionForKey, string } from '@millrace/core'
import { type LiveEvent, queryClient, streamMessages } from '@millrace/query-client'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, type Instance, PARTITIONS, world } from './two-instances.fixture.ts'

interface Stores {
  readonly [name: string]: { readonly key: unknown; readonly value: unknown }
  readonly texts: { readonly key: string; readonly value: string }
}

const texts = { key: string(), value: string() }
const KEYS = Array.from({ length: 40 }, (_, n) => `key-${n}`)
const WAIT = { timeout: 30_000 }
const HTTP = { retries: 60, backOffMs: 20, maxBackOffMs: 200 }

function clientOf(...instances: readonly Instance[]) {
  return queryClient<Stores>({ url: instances.map(({ server }) => server.url), ...HTTP })
}

function partitionOf(key: string): number {
  const bytes = Buffer.from(key)
  return partitionForKey(bytes, 0, bytes.length, PARTITIONS)
}

/** What a reader has; fails at a change that it has had before. */
class Reader {
  readonly rows = new Map<string, string>()
  readonly events: LiveEvent<string, string>[] = []
  readonly #positions = new Map<number, number>()

  take(event: LiveEvent<string, string>): void {
    this.events.push(event)
    if (event.type === 'waiting') return
    const { partition, position = -1 } = event
    if (event.type === 'changes') expect(position).toBeGreaterThan(this.#positions.get(partition)!)
    this.#positions.set(partition, position)
    for (const { key, value } of event.entries) {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, value)
    }
  }

  count(type: LiveEvent<string, string>['type']): number {
    return this.events.filter(event => event.type === type).length
  }

  async read(events: AsyncIterable<LiveEvent<string, string>>, stop: AbortSignal): Promise<void> {
    try {
      for await (const event of events) this.take(event)
    } catch (error) {
      if (!stop.aborted) throw error
    }
  }
}

async function refusal(instance: Instance, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${instance.server.url}${path}`, { headers })
  const { error } = (await response.json()) as { readonly error: { readonly code: string; readonly hint: string } }
  expect(error.hint).not.toBe('')
  return { status: response.status, code: error.code, retryAfter: response.headers.get('retry-after') }
}

async function* messages(instance: Instance, path: string, headers: Readonly<Record<string, string>> = {}) {
  const ended = new AbortController()
  try {
    const response = await fetch(`${instance.server.url}${path}`, { headers, signal: ended.signal })
    expect(response.status).toBe(200)
    for await (const message of streamMessages(response.body!))
      if (message.data !== '') yield { ...message, data: JSON.parse(message.data) as Readonly<Record<string, unknown>> }
  } finally {
    ended.abort()
  }
}

it('any instance follows all partitions, and goes on where it was while they move', async () => {
  await using app = await world('texts')
  const first = await app.start('a')
  const second = await app.start('b')
  const stop = new AbortController()
  const reader = new Reader()
  const reading = reader.read(clientOf(first).live('texts', { signal: stop.signal }), stop.signal)
  let round = 0
  const write = async () => {
    round++
    await app.send(
      'texts',
      texts,
      KEYS.map(key => [key, `${round}`]),
    )
  }
  const seen = () =>
    expect.poll(() => KEYS.filter(key => reader.rows.get(key) === `${round}`).length, WAIT).toBe(KEYS.length)
  await expect.poll(() => reader.count('snapshot'), WAIT).toBe(PARTITIONS)
  await write()
  await seen()
  const third = await app.start('c')
  await write()
  await seen()
  await second.close()
  await write()
  await seen()
  await third.close()
  await app.send('texts', texts, [[KEYS[0]!, null]])
  await expect.poll(() => reader.rows.has(KEYS[0]!), WAIT).toBe(false)
  expect(reader.count('snapshot')).toBe(PARTITIONS)
  stop.abort()
  await reading
})

it('follows a key, a prefix and bounds, and ends when the server closes', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, [
    ['a', '1'],
    ['ab', '1'],
    ['b', '1'],
  ])
  const instance = await app.start('a')
  const client = clientOf(instance)
  await expect.poll(() => client.get('texts', 'b'), WAIT).toBe('1')
  const keysOf = async (settings: Parameters<typeof client.live<'texts'>>[1], count: number) => {
    const keys: string[] = []
    for await (const event of client.live('texts', settings)) {
      if (event.type !== 'waiting') keys.push(...event.entries.map(({ key }) => key))
      if (keys.length >= count) break
    }
    return keys.sort()
  }
  expect(await keysOf({ key: 'a' }, 1)).toEqual(['a'])
  expect(await keysOf({ prefix: 'a' }, 2)).toEqual(['a', 'ab'])
  expect(await keysOf({ from: 'ab', to: 'b' }, 2)).toEqual(['ab', 'b'])
  const all = messages(instance, '/stores/texts/live?key=a')
  expect((await all.next()).value).toMatchObject({
    event: 'snapshot',
    data: { entries: [{ key: 'a', value: '1', timestamp: 1 }], first: true, last: true },
  })
  await instance.server.close()
  expect((await all.next()).done).toBe(true)
})

it('goes on after Last-Event-ID, at another instance as well', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, [['a', '1']])
  const instances = [await app.start('a'), await app.start('b')] as const
  let id: string | undefined
  for await (const message of messages(instances[0], '/stores/texts/live?key=a')) {
    ;({ id } = message)
    if (message.event === 'snapshot') break
  }
  await app.send('texts', texts, [['a', '2']])
  await expect.poll(() => clientOf(...instances).get('texts', 'a'), WAIT).toBe('2')
  for await (const { event, data } of messages(instances[1], '/stores/texts/live?key=a', { 'last-event-id': id! })) {
    if (event === 'waiting') continue
    expect({ event, data }).toMatchObject({ event: 'changes', data: { entries: [{ key: 'a', value: '2' }] } })
    break
  }
})

it('what Last-Event-ID says of partitions that are not followed is forgotten', async () => {
  await using app = await world('texts')
  await app.send(
    'texts',
    texts,
    KEYS.map(key => [key, '1']),
  )
  const instance = await app.start('a')
  const partitionsIn = (id: string) =>
    id
      .split('-')
      .slice(1)
      .map(part => Number(part.split('.')[0]))
  let id = ''
  for await (const message of messages(instance, '/stores/texts/live')) {
    id = message.id!
    if (partitionsIn(id).length === PARTITIONS) break
  }
  expect(partitionsIn(id).toSorted((a, b) => a - b)).toEqual(Array.from({ length: PARTITIONS }, (_, n) => n))
  await app.send('texts', texts, [['a', '2']])
  for await (const message of messages(instance, '/stores/texts/live?key=a', { 'last-event-id': id })) {
    if (message.event === 'waiting') continue
    expect(message).toMatchObject({ event: 'changes', data: { entries: [{ key: 'a', value: '2' }] } })
    expect(partitionsIn(message.id!)).toEqual([partitionOf('a')])
    break
  }
})

it('the client makes a connection again that breaks, and tries the next address', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, [['a', '1']])
  const [first, second] = [await app.start('a'), await app.start('b')]
  const client = clientOf(first, second)
  await expect.poll(() => client.get('texts', 'a'), WAIT).toBe('1')
  const stop = new AbortController()
  const reader = new Reader()
  const reading = reader.read(client.live('texts', { key: 'a', signal: stop.signal }), stop.signal)
  await expect.poll(() => reader.rows.get('a'), WAIT).toBe('1')
  await first.close()
  await app.send('texts', texts, [['a', '2']])
  await expect.poll(() => reader.rows.get('a'), WAIT).toBe('2')
  expect(reader.count('snapshot')).toBe(1)
  stop.abort()
  await reading
})

it('reads what was written before, at any instance', async () => {
  await using app = await world('texts')
  const instances = [await app.start('a'), await app.start('b')] as const
  const ends = new Map<number, number>()
  for (let n = 1; n <= 30; n++) {
    const key = KEYS[n % 7]!
    const partition = partitionOf(key)
    await app.send('texts', texts, [[key, String(n)]])
    const offset = (ends.get(partition) ?? -1) + 1
    ends.set(partition, offset)
    const after = [{ topic: 'texts', partition, offset }]
    expect(await clientOf(instances[n % 2]!).get('texts', key, { after })).toBe(String(n))
    expect(await clientOf(instances[n % 2]!).get('texts', key, { position: after })).toBe(String(n))
  }
})

it('a bound that is not met in time, or never can be, is refused', async () => {
  await using app = await world('texts')
  const quick = await app.start('a', { timeoutMs: 600 })
  for (const [query, status, code] of [
    ['after=texts:0:99999', 503, 'MILLRACE_QUERY_INCOMPLETE'],
    ['position=texts:0:99999', 503, 'MILLRACE_QUERY_INCOMPLETE'],
    ['after=elsewhere:0:1', 400, 'MILLRACE_QUERY_AFTER_IMPOSSIBLE'],
    ['after=texts', 400, 'MILLRACE_SERVER_REQUEST'],
  ] as const)
    expect(await refusal(quick, `/stores/texts/entries?partition=0&${query}`), query).toMatchObject({ status, code })
})

it('windows, sessions and versions are followed at any instance, and what is merged or has expired is gone', async () => {
  await using app = await world('events', 'versions')
  const instances = [await app.start('a'), await app.start('b')] as const
  const client = clientOf(instances[0])
  const stop = new AbortController()
  const { signal } = stop
  const rows = new Map<string, unknown>()
  const follow = async (name: string, events: AsyncIterable<LiveEvent<unknown, unknown>>) => {
    try {
      for await (const event of events) {
        if (event.type === 'waiting') continue
        for (const { key, value } of event.entries) {
          const text = `${name} ${JSON.stringify(key)}`
          if (value === undefined) rows.delete(text)
          else rows.set(text, value)
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
  const key = KEYS[0]!
  const other = KEYS.find(one => one !== key && partitionOf(one) === partitionOf(key))!
  const reading = Promise.all([
    follow('windows', client.liveWindows('windows', { signal })),
    follow('one', clientOf(instances[1]).liveWindows('windows', { key, signal })),
    follow('prefix', client.liveWindows('windows', { prefix: other, signal })),
    follow('sessions', client.liveWindows('sessions', { signal })),
    follow('versions', client.live('history', { key, signal })),
  ])
  const seen = (entries: Readonly<Record<string, unknown>>) =>
    expect.poll(() => Object.fromEntries(rows), WAIT).toEqual(entries)
  const window = (name: string, of: string, start: number, end = start + 100) =>
    `${name} ${JSON.stringify({ key: of, start, end })}`
  await app.send('events', texts, [[key, 'x', 10]])
  await app.send('versions', texts, [[key, 'old', 10]])
  const first = { [window('windows', key, 0)]: 1n, [window('one', key, 0)]: 1n }
  const version = { [`versions ${JSON.stringify(key)}`]: 'old' }
  await seen({ ...first, ...version, [window('sessions', key, 10, 10)]: 1n })
  await app.send('events', texts, [[key, 'x', 15]])
  await app.send('versions', texts, [[key, null, 20]])
  const counted = { [window('windows', key, 0)]: 2n, [window('one', key, 0)]: 2n }
  await seen({ ...counted, [window('sessions', key, 10, 15)]: 2n })
  // By the time of another key the windows of the first one have expired.
  await app.send('events', texts, [[other, 'x', 300_000]])
  const later = Object.fromEntries(['windows', 'prefix'].map(name => [window(name, other, 300_000), 1n]))
  await seen({ ...later, [window('sessions', other, 300_000, 300_000)]: 1n })
  stop.abort()
  await reading
})

it('a client that connects again is told which windows have expired meanwhile', async () => {
  await using app = await world('events')
  const [first, second] = [await app.start('a'), await app.start('b')]
  const client = clientOf(first, second)
  const key = KEYS[0]!
  const starts: string[] = []
  const stop = new AbortController()
  const reading = (async () => {
    try {
      for await (const event of client.liveWindows('windows', { key, signal: stop.signal }))
        if (event.type !== 'waiting')
          for (const { key: window, value } of event.entries) starts.push(`${window.start} ${String(value)}`)
    } catch (error) {
      if (!stop.signal.aborted) throw error
    }
  })()
  await app.send('events', texts, [[key, 'x', 10]])
  await expect.poll(() => starts, WAIT).toEqual(['0 1'])
  await first.close()
  await app.send('events', texts, [[key, 'x', 300_000]])
  await expect.poll(() => [...starts].sort(), WAIT).toEqual(['0 1', '0 undefined', '300000 1'])
  stop.abort()
  await reading
})

it('a reader leaves while it waits for an event, or for the server', async () => {
  await using app = await world('texts')
  const instance = await app.start('a')
  const client = clientOf(instance)
  const events = client.live('texts', { partition: 0 })
  expect((await events.next()).value).toMatchObject({ type: 'snapshot' })
  const [waiting, left] = [events.next(), events.return()]
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(await left).toEqual({ done: true, value: undefined })
  await expect(client.liveWindows('texts').next()).rejects.toMatchObject({ code: 'QUERY_CLIENT_OPTION' })
  const nobody = queryClient({ url: `http://127.0.0.1:${await freePort()}`, backOffMs: 60_000, maxBackOffMs: 60_000 })
  const none = nobody.live('texts')
  const [nothing, gone] = [none.next(), none.return()]
  expect(await nothing).toEqual({ done: true, value: undefined })
  expect(await gone).toEqual({ done: true, value: undefined })
})

it('refuses what is no live query', async () => {
  await using app = await world('texts', 'events', 'numbers', 'pairs')
  const instance = await app.start('a', { stores: ['texts', 'windows', 'numbers', 'pairs'] })
  for (const [path, status, code] of [
    ['/stores/nothing/live', 404, 'MILLRACE_STORE_UNKNOWN'],
    ['/stores/sessions/live', 404, 'MILLRACE_STORE_UNKNOWN'],
    ['/stores/pairs/live', 400, 'MILLRACE_QUERY_STORE_KIND'],
    ['/stores/numbers/live?key=x', 400, 'MILLRACE_QUERY_INVALID'],
    ['/stores/texts/live?partition=99', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/live?key=a&prefix=a', 400, 'MILLRACE_SERVER_REQUEST'],
    ['/stores/texts/live?limit=3', 400, 'MILLRACE_SERVER_REQUEST'],
  ] as const)
    expect(await refusal(instance, path), path).toMatchObject({ status, code })
  expect(await refusal(instance, '/stores/texts/live', { 'last-event-id': 'yesterday!' })).toMatchObject({
    status: 400,
    code: 'MILLRACE_SERVER_REQUEST',
  })
  const secured = await app.start('b', { token: 'secret' })
  expect(await refusal(secured, '/stores/texts/live', { authorization: 'Bearer wrong' })).toMatchObject({
    status: 401,
    code: 'MILLRACE_SERVER_UNAUTHORIZED',
  })
  await instance.streams.close()
  expect(await refusal(instance, '/stores/texts/live')).toMatchObject({
    status: 503,
    code: 'MILLRACE_QUERY_NOT_RUNNING',
  })
})

it('ten thousand live queries are refused politely, beyond the limit', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, [['a', '1']])
  const instance = await app.start('a', { maxLiveQueries: 20 })
  const stop = new AbortController()
  const readers = Array.from({ length: 20 }, () => new Reader())
  const reading = readers.map(reader =>
    reader.read(clientOf(instance).live('texts', { signal: stop.signal }), stop.signal),
  )
  for (const reader of readers) await expect.poll(() => reader.count('snapshot'), WAIT).toBe(PARTITIONS)
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const statusOf = async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    get(`${instance.server.url}/stores/texts/live`, { agent }, response => {
      response.resume().once('end', () => resolve(response.statusCode))
    }).on('error', reject)
    return await promise
  }
  for (let asked = 0; asked < 10_000; asked += 100) {
    const refused = await Promise.all(Array.from({ length: 100 }, statusOf))
    expect(new Set(refused)).toEqual(new Set([503]))
  }
  agent.destroy()
  expect(await refusal(instance, '/stores/texts/live')).toEqual({
    status: 503,
    code: 'MILLRACE_SERVER_LIVE_LIMIT',
    retryAfter: '1',
  })
  // Those that are open go on, and others come in when one of them has ended.
  await app.send('texts', texts, [['a', '2']])
  for (const reader of readers) await expect.poll(() => reader.rows.get('a'), WAIT).toBe('2')
  stop.abort()
  await Promise.all(reading)
  const next = new AbortController()
  const reader = new Reader()
  const last = reader.read(clientOf(instance).live('texts', { key: 'a', signal: next.signal }), next.signal)
  await expect.poll(() => reader.rows.get('a'), WAIT).toBe('2')
  next.abort()
  await last
}, 60_000)

it('a client that does not read is disconnected, and others are not disturbed', async () => {
  await using app = await world('texts')
  const instance = await app.start('a', { maxLiveBacklog: 20 })
  const socket = connect(instance.server.port, '127.0.0.1')
  socket.write('GET /stores/texts/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  socket.pause()
  const stop = new AbortController()
  const reader = new Reader()
  const reading = reader.read(clientOf(instance).live('texts', { signal: stop.signal }), stop.signal)
  await expect.poll(() => reader.count('snapshot'), WAIT).toBe(PARTITIONS)
  const large = 'x'.repeat(500_000)
  for (let n = 0; n < 60; n++) {
    await app.send('texts', texts, [['a', `${large}${n}`]])
    await expect.poll(() => reader.rows.get('a')?.endsWith(`x${n}`), { ...WAIT, interval: 5 }).toBe(true)
  }
  let text = ''
  socket.on('data', data => {
    text = (text + data.toString()).slice(-2_000)
  })
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.resume()
  await ended
  expect(text).toContain('MILLRACE_QUERY_TOO_SLOW')
  stop.abort()
  await reading
})

it('an owner that cannot be reached is waited for, and the reader is told', async () => {
  await using app = await world('texts')
  await app.send('texts', texts, [['a', '1']])
  const first = await app.start('a')
  const second = await app.start('b')
  await expect.poll(() => second.streams.tasks().length, WAIT).toBeGreaterThan(0)
  const partition = Number(second.streams.tasks()[0]!.id.split('_')[1])
  await second.server.close()
  const reasons: unknown[] = []
  for await (const { event, data } of messages(first, `/stores/texts/live?partition=${partition}`)) {
    if (event !== 'waiting') break
    reasons.push(data.reason)
    // Its tasks go back to the first instance.
    await second.streams.close()
  }
  expect(reasons[0]).toBe('UNREACHABLE')
})
