import type { Socket } from 'node:net'
import type { AnyApi, Api } from '../protocol/api.ts'
import { apiVersionsApi } from '../protocol/messages/api-versions.ts'
import { WireError } from '../protocol/wire-error.ts'
import { WireReader } from '../protocol/wire-reader.ts'
import { WireWriter } from '../protocol/wire-writer.ts'
import { FrameReader } from './frame-reader.ts'
import { isTlsFailure } from './open-socket.ts'

/** Far more than a broker sends: what is larger is no answer. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024

export interface ConnectionInfo {
  readonly host: string
  readonly port: number
  readonly clientId: string
}

export interface SendOptions {
  /** The version to use instead of the highest that both sides know. */
  readonly version?: number
  readonly timeoutMs: number
}

interface Waiting {
  readonly api: AnyApi
  readonly version: number
  readonly timer: NodeJS.Timeout
  readonly resolve: (response: unknown) => void
  readonly reject: (error: Error) => void
}

export interface VersionLimits {
  readonly min: number
  readonly max: number
}

/**
 * One connection to a broker: requests go out in order, and answers find their request by its number. Whatever goes wrong
 * ends the connection and with it all that waits, since nobody knows any more where the next answer begins.
 *
 *   request  := length:int32 apiKey:int16 version:int16 correlationId:int32 clientId:string [tagged] body
 *   response := length:int32 correlationId:int32 [tagged] body
 */
export class Connection {
  readonly info: ConnectionInfo
  /** What the broker offers, by API key; empty until `learn` is called. */
  #versions: ReadonlyMap<number, VersionLimits> = new Map()
  /** Finalized feature levels, as `transaction.version`. */
  features: ReadonlyMap<string, number> = new Map()
  /** By the clock of `performance.now()`: from then on another connection should be made. */
  expiresAt = Number.POSITIVE_INFINITY
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  #nextCorrelation = 0
  #mutedUntil = 0
  /** One for all requests that wait, so that they go out in the order in which they came. */
  #quiet: Promise<void> | undefined
  #error: WireError | undefined
  readonly #whenClosed: (() => void)[] = []

  constructor(socket: Socket, info: ConnectionInfo) {
    this.info = info
    this.#socket = socket
    const frames = new FrameReader(MAX_FRAME_BYTES, frame => this.#received(frame))
    socket.on('data', piece => {
      try {
        if (this.#error === undefined) frames.push(piece)
      } catch (error) {
        this.#fail(asMalformed(error))
      }
    })
    socket.on('error', error => this.#fail(this.#broken(error)))
    socket.on('close', () => this.#fail(this.#broken()))
  }

  /** Requests that have no answer yet. */
  get inFlight(): number {
    return this.#waiting.size
  }

  get isOpen(): boolean {
    return this.#error === undefined
  }

  /** For how long the broker has told this client to be quiet (KIP-219), in milliseconds. */
  get mutedMs(): number {
    return Math.max(0, this.#mutedUntil - performance.now())
  }

  onClose(callback: () => void): void {
    if (this.#error === undefined) this.#whenClosed.push(callback)
    else callback()
  }

  learn(versions: ReadonlyMap<number, VersionLimits>, features: ReadonlyMap<string, number>): void {
    this.#versions = versions
    this.features = features
  }

  /** @throws WireError `unsupported` */
  versionOf(api: AnyApi, atMost: number = api.maxVersion): number {
    const limits = this.#versions.get(api.key)
    const version = Math.min(api.maxVersion, limits?.max ?? -1, atMost)
    if (limits !== undefined && version >= Math.max(api.minVersion, limits.min)) return version
    const offer = limits === undefined ? 'does not know it' : `offers versions ${limits.min} to ${limits.max}`
    throw new WireError(
      'unsupported',
      `${this.#name()} ${offer}: ${api.name} ${api.minVersion} to ${Math.min(api.maxVersion, atMost)} is needed`,
    )
  }

  supports(api: AnyApi, version: number): boolean {
    const limits = this.#versions.get(api.key)
    return limits !== undefined && version >= limits.min && version <= limits.max && version <= api.maxVersion
  }

  /** Whether the broker has got a version, also one that this client does not speak. */
  offers(api: AnyApi, version: number): boolean {
    const limits = this.#versions.get(api.key)
    return limits !== undefined && version >= limits.min && version <= limits.max
  }

  /**
   * Sends a request and gives the answer.
   *
   * @throws WireError
   */
  async send<Request, Response>(
    api: Api<Request, Response>,
    request: Request,
    { version: wanted, timeoutMs }: SendOptions,
  ): Promise<Response> {
    const version = wanted ?? this.versionOf(api)
    if (this.mutedMs > 0) await (this.#quiet ??= this.#untilAllowed())
    if (this.#error !== undefined) throw this.#error
    const correlationId = this.#nextCorrelation
    this.#nextCorrelation = (correlationId + 1) & 0x7fff_ffff
    const chunks = encodeRequest(api, request, version, correlationId, this.info.clientId)
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(new WireError('timeout', `${api.name} got no answer from ${this.#name()} within ${timeoutMs} ms`))
      }, timeoutMs)
      this.#waiting.set(correlationId, { api, version, timer, resolve, reject })
      this.#socket.cork()
      for (const chunk of chunks) this.#socket.write(chunk)
      this.#socket.uncork()
    }) as Promise<Response>
  }

  close(): void {
    this.#fail(new WireError('closed', `The connection to ${this.#name()} was closed`))
  }

  async #untilAllowed(): Promise<void> {
    while (this.mutedMs > 0 && this.#error === undefined) {
      await new Promise(resolve => setTimeout(resolve, Math.ceil(this.mutedMs)))
    }
    this.#quiet = undefined
  }

  #received(frame: Buffer): void {
    const reader = new WireReader(frame)
    const correlationId = reader.int32()
    const waiting = this.#waiting.get(correlationId)
    if (waiting === undefined) throw new WireError('malformed', `An answer to request ${correlationId}, which is none`)
    const { api, version } = waiting
    // ApiVersions is answered with the old header, so that a client can read it before it knows the broker (KIP-511).
    if (version >= api.flexibleFrom && api.key !== apiVersionsApi.key) reader.tagged()
    const response = api.response.decode(reader, version)
    clearTimeout(waiting.timer)
    this.#waiting.delete(correlationId)
    const { throttleTimeMs } = response as { readonly throttleTimeMs?: number }
    if (throttleTimeMs !== undefined && throttleTimeMs > 0) {
      this.#mutedUntil = Math.max(this.#mutedUntil, performance.now() + throttleTimeMs)
    }
    waiting.resolve(response)
  }

  #fail(error: WireError): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#socket.destroy()
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
    for (const callback of this.#whenClosed) callback()
  }

  #broken(cause?: Error): WireError {
    const reason = cause === undefined ? 'the broker closed it' : cause.message
    // Such as that the broker wants a client certificate: with TLS 1.3 that comes after the handshake.
    const kind = cause !== undefined && isTlsFailure(cause) ? 'refused' : 'unreachable'
    return new WireError(kind, `The connection to ${this.#name()} broke: ${reason}`, { cause })
  }

  #name(): string {
    return `${this.info.host}:${this.info.port}`
  }
}

function encodeRequest<Request>(
  api: Api<Request, unknown>,
  request: Request,
  version: number,
  correlationId: number,
  clientId: string,
): readonly Buffer[] {
  const writer = new WireWriter()
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  writer.string(clientId)
  if (version >= api.flexibleFrom) writer.tagged([])
  api.request.encode(writer, request, version)
  const length = Buffer.allocUnsafe(4)
  length.writeInt32BE(writer.byteLength, 0)
  return [length, ...writer.chunks()]
}

/** What reading a frame can throw, other than by a defect of this client, is that the frame is malformed. */
function asMalformed(error: unknown): WireError {
  if (error instanceof WireError) return error
  return new WireError('malformed', `An answer could not be read: ${String(error)}`, { cause: error })
}
