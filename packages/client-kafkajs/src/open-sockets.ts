import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory, ISocketFactoryArgs } from 'kafkajs'

const KEEP_ALIVE_MS = 60_000

const PRODUCE = 0
/** Requests that a broker may leave without an answer until other members of the group have joined. */
const JOIN_GROUP = 11
const SYNC_GROUP = 14

/**
 * The sockets that kafkajs opens. kafkajs closes a socket when its last request is answered, and uses one again on which
 * nothing was answered. Here a socket on which a broker says nothing for as long as a request may take is closed, as the Java
 * client does: the broker may be frozen, or gone without a word. Otherwise kafkajs
 *
 * - waits without a limit for the answers of a login,
 * - takes a connection for ready whose first request, for the versions, was not answered, and fails on it ever after.
 */
export class OpenSockets {
  readonly #sockets = new Set<Socket>()
  readonly #open: ISocketFactory
  readonly #silenceMs: number
  #closed = false
  /** Asked before each produce request goes out. Where it may not, its connection ends, as if it had been lost. */
  mayProduce: () => boolean = () => true

  /**
   * @param silenceMs how long a broker may say nothing after a request
   * @param open how to open a socket; by default as kafkajs does
   */
  constructor(silenceMs: number, open: ISocketFactory = openSocket) {
    this.#silenceMs = silenceMs
    this.#open = open
  }

  readonly factory: ISocketFactory = args => {
    if (this.#closed) throw new Error('the client was closed')
    const socket = this.#open({
      ...args,
      onConnect: () => {
        // kafkajs has given up waiting for this connection and would take the next one for the same.
        if (socket.writableEnded) socket.destroy()
        else args.onConnect()
      },
    })
    watchWrites(socket, this.#silenceMs, () => this.mayProduce())
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  /** Ends what is open, with an error, since kafkajs gives up waiting for answers only then. Others may be opened. */
  cut(): void {
    for (const socket of this.#sockets) end(socket, 'the client has closed the connection')
  }

  /** Ends what is open. No other socket is opened from now on, whatever kafkajs still tries. */
  close(): void {
    this.#closed = true
    for (const socket of this.#sockets) end(socket, 'the client was closed')
  }
}

/** kafkajs gives up waiting for the answers of a login only at the end of a socket, not at its error. */
function end(socket: Socket, reason: string): void {
  if (socket.destroyed) return
  socket.once('close', () => socket.emit('end'))
  socket.destroy(new Error(reason))
}

function watchWrites(socket: Socket, silenceMs: number, mayProduce: () => boolean): void {
  let timer: NodeJS.Timeout | undefined
  let heard = 0
  const close = (since: number): void => {
    if (heard === since) end(socket, `the broker said nothing for ${silenceMs} ms`)
  }
  const expect = (): void => {
    const since = heard
    // What came while this thread was busy is read before `setImmediate`.
    timer = setTimeout(() => setImmediate(() => close(since)), silenceMs)
  }
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  socket.write = (...args: unknown[]) => {
    if (socket.destroyed) {
      // kafkajs still takes a connection for open while it closes it, and would wait for an answer to what it sends then.
      process.nextTick(() => socket.emit('error', new Error('the connection is closed')))
      return false
    }
    const kind = kindOf(args[0])
    if (kind === PRODUCE && !mayProduce()) {
      end(socket, 'the process has stood still')
      return false
    }
    if (timer === undefined && kind !== JOIN_GROUP && kind !== SYNC_GROUP) expect()
    return write(...args)
  }
  socket.on('data', () => {
    heard++
    clearTimeout(timer)
    timer = undefined
  })
  socket.once('close', () => clearTimeout(timer))
}

/** kafkajs writes each request as a whole: its length, and the number of its kind. */
function kindOf(request: unknown): number | undefined {
  return Buffer.isBuffer(request) && request.length >= 6 ? request.readInt16BE(4) : undefined
}

function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect)
  return socket.setKeepAlive(true, KEEP_ALIVE_MS)
}
