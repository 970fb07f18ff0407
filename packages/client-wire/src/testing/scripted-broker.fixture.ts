import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { FrameReader } from '../net/frame-reader.ts'
import type { AnyApi, Api } from '../protocol/api.ts'
import { ALL_APIS } from '../protocol/messages/all-apis.ts'
import { apiVersionsApi } from '../protocol/messages/api-versions.ts'
import { metadataApi } from '../protocol/messages/metadata.ts'
import { WireReader } from '../protocol/wire-reader.ts'
import { WireWriter } from '../protocol/wire-writer.ts'

/** Bytes to be sent instead of an answer, or nothing at all. */
export type Raw = { readonly raw: Buffer } | 'no answer' | 'close'

type Handler = (request: unknown, version: number) => unknown

/**
 * A server on a real socket that speaks Kafka's protocol and answers as a test tells it: for what a real broker does not do when it is
 * asked to, as moving a leader in the middle of a request or sending bytes that make no sense.
 */
export class ScriptedBroker implements AsyncDisposable {
  readonly #server: Server
  readonly #handlers = new Map<number, Handler>()
  readonly #sockets = new Set<Socket>()
  /** Names of the requests that came, in order. */
  readonly seen: string[] = []

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(features: Readonly<Record<string, number>> = {}): Promise<ScriptedBroker> {
    const server = createServer()
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    const broker = new ScriptedBroker(server)
    server.on('connection', socket => broker.#serve(socket))
    broker.on(apiVersionsApi, () => ({
      errorCode: 0,
      apiKeys: ALL_APIS.map(({ key, minVersion, maxVersion }) => ({ apiKey: key, minVersion, maxVersion })),
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: 0,
      finalizedFeatures: Object.entries(features).map(([name, level]) => ({
        name,
        maxVersionLevel: level,
        minVersionLevel: level,
      })),
      zkMigrationReady: false,
    }))
    return broker
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  on<Request, Response>(
    api: Api<Request, Response>,
    answer: (request: Request, version: number) => Response | Raw | Promise<Response | Raw>,
  ): void {
    this.#handlers.set(api.key, answer as Handler)
  }

  disconnectAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnectAll()
    await new Promise(closed => this.#server.close(closed))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    // One request after another, as a broker does.
    let before = Promise.resolve()
    const frames = new FrameReader(100_000_000, frame => {
      before = before.then(() => this.#answer(socket, frame))
    })
    socket.on('data', piece => frames.push(piece))
  }

  async #answer(socket: Socket, frame: Buffer): Promise<void> {
    const reader = new WireReader(frame)
    const [key, version, correlationId] = [reader.int16(), reader.int16(), reader.int32()]
    reader.nullableString()
    const api = ALL_APIS.find(each => each.key === key) as AnyApi
    const flexible = version >= api.flexibleFrom
    if (flexible) reader.tagged()
    this.seen.push(api.name)
    const handler = this.#handlers.get(key)
    if (handler === undefined) throw new Error(`nobody answers ${api.name}`)
    const answer = await handler(api.request.decode(reader, version), version)
    if (answer === 'no answer') return
    if (answer === 'close') return void socket.destroy()
    if (isRaw(answer)) return void socket.write(answer.raw)
    const writer = new WireWriter()
    writer.int32(correlationId)
    if (flexible && key !== apiVersionsApi.key) writer.tagged([])
    api.response.encode(writer, answer, version)
    const length = Buffer.alloc(4)
    length.writeInt32BE(writer.byteLength)
    socket.write(Buffer.concat([length, writer.concat()]))
  }
}

/** Makes brokers, numbered from 1, say of themselves which of them leads partition 0 of topic `t`. */
export function serveMetadata(brokers: readonly ScriptedBroker[], leader: () => number, epoch: () => number): void {
  for (const broker of brokers) {
    broker.on(metadataApi, () => ({
      throttleTimeMs: 0,
      brokers: brokers.map(({ port }, i) => ({ nodeId: i + 1, host: '127.0.0.1', port, rack: null })),
      clusterId: 'scripted',
      controllerId: 1,
      topics: [
        {
          errorCode: 0,
          name: 't',
          topicId: TOPIC_ID,
          isInternal: false,
          partitions: [
            {
              errorCode: 0,
              partitionIndex: 0,
              leaderId: leader(),
              leaderEpoch: epoch(),
              replicaNodes: [],
              isrNodes: [],
              offlineReplicas: [],
            },
          ],
          topicAuthorizedOperations: 0,
        },
      ],
      errorCode: 0,
    }))
  }
}

export const TOPIC_ID = '000102030405060708090a0b0c0d0e0f'

function isRaw(answer: unknown): answer is { readonly raw: Buffer } {
  return typeof answer === 'object' && answer !== null && 'raw' in answer
}
