import { connect, type Socket } from 'node:net'
import { apiName } from './api-names.ts'
import { redirect, type ProxiedBroker } from './broker-address.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { Lane } from './lane.ts'
import type { ProxyFault, ProxyFaultKind } from './proxy-fault.ts'

/** One request as the proxy saw it. */
export interface ProxiedRequest {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The broker's own address, as `127.0.0.1:9092`. */
  readonly broker: string
  /** Counts the connections of the proxy from 1. */
  readonly connection: number
  /** As `EndTxn`; `Api 99` for one without a name here. */
  readonly api: string
  readonly version: number
  readonly correlationId: number
  /** Empty for a client that does not say. */
  readonly clientId: string
  readonly bytes: number
  /** What the proxy did to it. */
  readonly fault?: ProxyFaultKind
  /** Milliseconds until the broker's answer reached the proxy; missing while there is none, also for requests without answers. */
  answeredAfterMs?: number
}

/** What the connections of a proxy share. */
export interface ConnectionContext {
  readonly brokers: readonly ProxiedBroker[]
  /** The fault that meets a request, if any. */
  readonly faultFor: (api: string, clientId: string) => ProxyFault | undefined
  readonly record: (request: ProxiedRequest) => void
  /** Told when the bytes of a client are no requests of Kafka. */
  readonly unreadable: (broker: ProxiedBroker) => void
}

interface Unanswered {
  readonly request: ProxiedRequest
  readonly fault: ProxyFault | undefined
}

/** Bytes of a frame: size (4), then API key (2), version (2), correlation id (4), client id (2 for its length). */
const HEAD = { api: 4, version: 6, correlationId: 8, clientId: 12, end: 14 } as const
const ANSWER_CORRELATION_ID = 4
const ANSWER_HEAD = 8

/** A client's connection, and that to the broker behind it. */
export class ProxiedConnection {
  readonly #context: ConnectionContext
  readonly #broker: ProxiedBroker
  readonly #client: Socket
  readonly #server: Socket
  readonly #number: number
  readonly #toServer: Lane
  readonly #toClient: Lane
  readonly #copies = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  /** By correlation id: a broker answers in order, but not all requests have an answer (Produce with acks=0). */
  readonly #unanswered = new Map<number, Unanswered>()
  readonly closed: Promise<void>

  constructor(client: Socket, broker: ProxiedBroker, number: number, context: ConnectionContext) {
    this.#context = context
    this.#broker = broker
    this.#client = client
    this.#number = number
    this.#server = connect({ host: broker.host, port: broker.port, noDelay: true })
    client.setNoDelay(true)
    this.#toServer = new Lane(client, this.#server)
    this.#toClient = new Lane(this.#server, client)
    this.#read(client, frame => this.#request(frame))
    this.#read(this.#server, frame => this.#answer(frame))
    const ends = [client, this.#server].map(socket => new Promise<void>(done => socket.once('close', () => done())))
    this.closed = Promise.all(ends).then(() => undefined)
  }

  /** A fault keeps one direction from being heard. */
  get isSilent(): boolean {
    return this.#toServer.isSilent || this.#toClient.isSilent
  }

  close(): void {
    this.#toServer.close()
    this.#toClient.close()
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of [this.#client, this.#server, ...this.#copies]) socket.destroy()
  }

  #read(socket: Socket, take: (frame: Buffer) => void): void {
    const frames = new FrameSplitter()
    socket.on('data', (piece: Buffer) => {
      try {
        for (const frame of frames.push(piece)) take(frame)
      } catch {
        this.#context.unreadable(this.#broker)
        this.close()
      }
    })
    // The other side learns by the closing, as without a proxy.
    socket.on('error', () => undefined)
    socket.on('close', () => this.close())
  }

  #request(frame: Buffer): void {
    const api = apiName(frame.readInt16BE(HEAD.api))
    const clientIdLength = frame.readInt16BE(HEAD.clientId)
    const clientId = frame.toString('utf8', HEAD.end, HEAD.end + Math.max(0, clientIdLength))
    const fault = this.#context.faultFor(api, clientId)
    const request: ProxiedRequest = {
      at: Date.now(),
      broker: this.#broker.address,
      connection: this.#number,
      api,
      version: frame.readInt16BE(HEAD.version),
      correlationId: frame.readInt32BE(HEAD.correlationId),
      clientId,
      bytes: frame.length,
      ...(fault && { fault: fault.kind }),
    }
    this.#context.record(request)
    this.#unanswered.set(request.correlationId, { request, fault })
    if (fault?.kind === 'cut-request') return this.close()
    if (fault?.kind === 'swallow-request') this.#toServer.silence()
    if (fault?.kind === 'duplicate-request') this.#sendCopy(Buffer.from(frame), fault.ms)
    this.#toServer.push(frame, fault?.kind === 'delay-request' ? fault.ms : 0)
  }

  #answer(frame: Buffer): void {
    const correlationId = frame.length >= ANSWER_HEAD ? frame.readInt32BE(ANSWER_CORRELATION_ID) : -1
    const asked = this.#unanswered.get(correlationId)
    this.#unanswered.delete(correlationId)
    if (asked) {
      asked.request.answeredAfterMs = Date.now() - asked.request.at
      redirect(frame, asked.request.api, this.#context.brokers)
    }
    const fault = asked?.fault
    if (fault?.kind === 'cut-response') return this.close()
    if (fault?.kind === 'swallow-response') this.#toClient.silence()
    this.#toClient.push(frame, fault?.kind === 'delay-response' ? fault.ms : 0)
  }

  #sendCopy(frame: Buffer, afterMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const socket = connect({ host: this.#broker.host, port: this.#broker.port })
      this.#copies.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#copies.delete(socket))
      // The first bytes of the answer show that it was carried out.
      socket.on('data', () => socket.destroy())
      socket.write(frame)
    }, afterMs)
    this.#timers.add(timer)
  }
}
