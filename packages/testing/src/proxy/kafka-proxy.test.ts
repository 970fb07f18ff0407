import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { FrameSplitter } from './frame-splitter.ts'
import { KafkaProxy } from './kafka-proxy.ts'
import type { ProxyFault, ProxyRule } from './proxy-fault.ts'

const METADATA = 3
const END_TXN = 26
const HEARTBEAT = 12

/** Answers each request with its correlation id and its own address, and keeps what came. */
class EchoBroker {
  readonly requests: number[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => {
      this.#sockets.add(socket)
      const frames = new FrameSplitter()
      socket.on('error', () => undefined)
      socket.on('data', (piece: Buffer) => {
        for (const frame of frames.push(piece)) socket.write(this.#answer(frame))
      })
    })
  }

  static async start(): Promise<EchoBroker> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new EchoBroker(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #answer(request: Buffer): Buffer {
    const correlationId = request.readInt32BE(8)
    this.requests.push(correlationId)
    const answer = Buffer.alloc(4 + 4 + 9 + 4)
    answer.writeInt32BE(answer.length - 4, 0)
    answer.writeInt32BE(correlationId, 4)
    answer.write('127.0.0.1', 8)
    answer.writeInt32BE(this.port, 17)
    return answer
  }
}

class Client {
  readonly answers: { readonly correlationId: number; readonly port: number }[] = []
  readonly closed: Promise<unknown>
  readonly #socket: Socket

  constructor(brokers: string) {
    this.#socket = connect(Number(brokers.split(':')[1]), '127.0.0.1')
    const frames = new FrameSplitter()
    this.#socket.on('error', () => undefined)
    this.#socket.on('data', (piece: Buffer) => {
      for (const frame of frames.push(piece)) {
        this.answers.push({ correlationId: frame.readInt32BE(4), port: frame.readInt32BE(17) })
      }
    })
    this.closed = once(this.#socket, 'close')
  }

  send(api: number, correlationId: number, clientId = 'test'): void {
    const frame = Buffer.alloc(14 + clientId.length)
    frame.writeInt32BE(frame.length - 4, 0)
    frame.writeInt16BE(api, 4)
    frame.writeInt16BE(7, 6)
    frame.writeInt32BE(correlationId, 8)
    frame.writeInt16BE(clientId.length, 12)
    frame.write(clientId, 14)
    this.#socket.write(frame)
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  async answered(...correlationIds: number[]): Promise<void> {
    await until(() => this.answers.length >= correlationIds.length)
    expect(this.answers.map(answer => answer.correlationId)).toEqual(correlationIds)
  }

  close(): void {
    this.#socket.destroy()
  }
}

const until = (holds: () => boolean) => vi.waitUntil(holds, { interval: 2, timeout: 5_000 })

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function setUp(...rules: ProxyRule[]): Promise<{ broker: EchoBroker; proxy: KafkaProxy; client: Client }> {
  const broker = await EchoBroker.start()
  const proxy = await KafkaProxy.start({ brokers: `127.0.0.1:${broker.port}` })
  for (const rule of rules) proxy.inject(rule)
  const client = new Client(proxy.brokers)
  open.push(broker, proxy, client)
  return { broker, proxy, client }
}

const meetEndTxn = (fault: ProxyFault): ProxyRule => ({ api: 'EndTxn', fault })

it('passes requests and answers on, and keeps a record of each', async () => {
  const { proxy, client, broker } = await setUp()
  client.send(END_TXN, 1)
  client.send(99, 2, '')
  await client.answered(1, 2)
  expect(proxy.requests()).toMatchObject([
    { api: 'EndTxn', version: 7, correlationId: 1, clientId: 'test', connection: 1, bytes: 18 },
    { api: 'Api 99', correlationId: 2, clientId: '', broker: `127.0.0.1:${broker.port}` },
  ])
  expect(proxy.requests().every(({ answeredAfterMs }) => answeredAfterMs !== undefined)).toBe(true)
})

it('puts its own address into answers that tell the addresses of brokers, and into no others', async () => {
  const { proxy, client, broker } = await setUp()
  client.send(METADATA, 1)
  client.send(HEARTBEAT, 2)
  await client.answered(1, 2)
  expect(client.answers.map(({ port }) => port)).toEqual([Number(proxy.brokers.split(':')[1]), broker.port])
})

it('cuts the connection before a request arrives', async () => {
  const { client, broker } = await setUp(meetEndTxn({ kind: 'cut-request' }))
  client.send(METADATA, 1)
  await client.answered(1)
  client.send(END_TXN, 2)
  await client.closed
  expect(broker.requests).toEqual([1])
})

it('cuts the connection after a request was carried out', async () => {
  const { client, broker } = await setUp(meetEndTxn({ kind: 'cut-response' }))
  client.send(END_TXN, 1)
  await client.closed
  expect(broker.requests).toEqual([1])
  expect(client.answers).toEqual([])
})

it.each(['delay-request', 'delay-response'] as const)('keeps the order behind a late one: %s', async kind => {
  const { client, proxy } = await setUp(meetEndTxn({ kind, ms: 30 }))
  client.send(END_TXN, 1)
  client.send(METADATA, 2)
  client.send(METADATA, 3)
  await client.answered(1, 2, 3)
  expect(proxy.requests().map(({ fault }) => fault)).toEqual([kind, undefined, undefined])
})

it.each([
  ['swallow-request', []],
  ['swallow-response', [1, 2]],
] as const)('is silent from a request on until it heals: %s', async (kind, arrived) => {
  const { client, proxy, broker } = await setUp(meetEndTxn({ kind }))
  client.send(END_TXN, 1)
  client.send(METADATA, 2)
  const other = new Client(proxy.brokers)
  open.push(other)
  other.send(METADATA, 3)
  await other.answered(3)
  await until(() => proxy.requests().length === 3 && broker.requests.length === arrived.length + 1)
  expect(broker.requests.filter(id => id !== 3)).toEqual(arrived)
  expect(client.answers).toEqual([])
  proxy.heal()
  await client.closed
})

it('lets a request arrive twice, and answers once', async () => {
  const { client, broker } = await setUp(meetEndTxn({ kind: 'duplicate-request', ms: 0 }))
  client.send(END_TXN, 1)
  client.send(METADATA, 2)
  await client.answered(1, 2)
  await until(() => broker.requests.length === 3)
  expect(broker.requests.toSorted((a, b) => a - b)).toEqual([1, 1, 2])
})

it('meets requests after those to skip, as often as asked, of the clients asked for', async () => {
  const { client, proxy } = await setUp({
    ...meetEndTxn({ kind: 'delay-request', ms: 0 }),
    skip: 1,
    times: 2,
    clientId: 'es',
  })
  for (const [index, clientId] of ['test', 'other', 'test', 'test', 'test'].entries())
    client.send(END_TXN, index, clientId)
  await client.answered(0, 1, 2, 3, 4)
  expect(proxy.requests().map(({ fault }) => fault !== undefined)).toEqual([false, false, true, true, false])
})

it('meets requests by chance, the same ones for the same seed, until the rule is ended', async () => {
  const runs = []
  for (let run = 0; run < 2; run++) {
    const { client, proxy } = await setUp()
    const end = proxy.inject({
      fault: { kind: 'delay-request', ms: 0 },
      probability: 0.5,
      times: Number.POSITIVE_INFINITY,
    })
    for (let id = 0; id < 20; id++) client.send(METADATA, id)
    await until(() => client.answers.length === 20)
    end()
    client.send(METADATA, 20)
    await until(() => client.answers.length === 21)
    runs.push(proxy.requests().map(({ fault }) => fault !== undefined))
  }
  expect(runs[0]).toEqual(runs[1])
  expect(new Set(runs[0]!.slice(0, 20)).size).toBe(2)
  expect(runs[0]!.at(-1)).toBe(false)
})

it('says at its end that what a client sent was not the protocol of Kafka', async () => {
  const { client, proxy, broker } = await setUp()
  client.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]))
  await client.closed
  await expect(proxy.close()).rejects.toMatchObject({ code: 'MILLRACE_PROXY_UNREADABLE' })
  open.splice(0)
  broker.close()
})

it.each<[string, unknown]>([
  ['no object', null],
  ['a request that does not exist', { api: 'EndTransaction', fault: { kind: 'cut-request' } }],
  ['an unknown fault', { fault: { kind: 'cut' } }],
  ['a delay without its length', { fault: { kind: 'delay-request' } }],
  ['a delay that no timer takes', { fault: { kind: 'delay-request', ms: 2 ** 31 } }],
  ['a negative number to skip', { fault: { kind: 'cut-request' }, skip: -1 }],
  ['never', { fault: { kind: 'cut-request' }, times: 0 }],
  ['a probability over 1', { fault: { kind: 'cut-request' }, probability: 2 }],
  ['a client id that is no text', { fault: { kind: 'cut-request' }, clientId: 1 }],
])('refuses a rule: %s', async (_what, rule) => {
  const { proxy } = await setUp()
  expect(() => proxy.inject(rule as ProxyRule)).toThrow(expect.objectContaining({ code: 'MILLRACE_CONFIG_INVALID' }))
})

it.each<[string, unknown]>([
  ['no options', undefined],
  ['no brokers', {}],
  ['a broker elsewhere', { brokers: '10.0.0.1:9092' }],
  ['a broker without a port', { brokers: '127.0.0.1' }],
  ['no requests to remember', { brokers: '127.0.0.1:9092', remembered: 0 }],
])('refuses options: %s', async (_what, options) => {
  await expect(KafkaProxy.start(options as never)).rejects.toMatchObject({ code: 'MILLRACE_CONFIG_INVALID' })
})
