import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

const API = {
  produce: 0,
  metadata: 3,
  findCoordinator: 10,
  joinGroup: 11,
  saslHandshake: 17,
  apiVersions: 18,
  initProducerId: 22,
  addPartitions: 24,
  saslAuthenticate: 36,
} as const

export type FakeRequest = keyof typeof API

/**
 * A server that speaks as much of Kafka's protocol as a producer needs, in its oldest versions, and that can be frozen: then it accepts
 * connections and requests, and answers nothing until it goes on. Joins and logins are never answered.
 */
export class FakeBroker implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Names of the requests that came. */
  readonly seen: FakeRequest[] = []
  /** Which requests are not answered. */
  frozen: (request: FakeRequest) => boolean = () => false
  /** Requests with records, as they came. */
  readonly written: Buffer[] = []

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<FakeBroker> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const broker = new FakeBroker(server)
    server.on('connection', socket => broker.#serve(socket))
    return broker
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    let rest = Buffer.alloc(0)
    socket.on('data', piece => {
      rest = Buffer.concat([rest, piece])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const end = 4 + rest.readInt32BE(0)
        this.#answer(socket, rest.subarray(4, end))
        rest = rest.subarray(end)
      }
    })
  }

  #answer(socket: Socket, request: Buffer): void {
    const key = request.readInt16BE(0)
    const name = (Object.keys(API) as FakeRequest[]).find(each => API[each] === key)
    if (name === undefined) throw new Error(`a request of kind ${key} was not offered`)
    this.seen.push(name)
    if (this.frozen(name)) return
    if (name === 'joinGroup' || name === 'saslAuthenticate') return
    const body = Buffer.concat([request.subarray(4, 8), ...this.#bodies[name](request)])
    socket.write(Buffer.concat([int32(body.length), body]))
  }

  readonly #bodies: Readonly<
    Record<Exclude<FakeRequest, 'joinGroup' | 'saslAuthenticate'>, (request: Buffer) => readonly Buffer[]>
  > = {
    apiVersions: () => [
      int16(0),
      int32(Object.keys(API).length),
      ...Object.values(API).flatMap(key => [int16(key), int16(OLDEST[key] ?? 0), int16(OLDEST[key] ?? 0)]),
    ],
    metadata: () => [
      ...[int32(1), int32(1), string('127.0.0.1'), int32(this.port), int16(-1), int32(1)],
      ...[int32(1), int16(0), string('t'), Buffer.of(0)],
      ...[int32(1), int16(0), int32(0), int32(1), int32(1), int32(1), int32(1), int32(1)],
    ],
    findCoordinator: () => [int16(0), int32(1), string('127.0.0.1'), int32(this.port)],
    saslHandshake: () => [int16(0), int32(1), string('PLAIN')],
    addPartitions: () => [int32(0), int32(1), string('t'), int32(1), int32(0), int16(0)],
    initProducerId: () => [int32(0), int16(0), int64(7n), int16(0)],
    produce: request => {
      this.written.push(request)
      return [int32(1), string('t'), int32(1), int32(0), int16(0), int64(0n), int64(-1n), int32(0)]
    },
  }
}

/** Of requests whose first versions kafkajs does not use. */
const OLDEST: Readonly<Record<number, number>> = { [API.produce]: 3, [API.metadata]: 1, [API.saslHandshake]: 1 }

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

function string(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}
