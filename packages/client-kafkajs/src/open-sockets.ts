import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory, ISocketFactoryArgs } from 'kafkajs'

const KEEP_ALIVE_MS = 60_000

/**
 * The sockets that kafkajs opens. kafkajs closes a socket when its last request is answered, and a join can take as long
 * as the group lets its members think: a client that is closed does not wait for that.
 */
export class OpenSockets {
  readonly #sockets = new Set<Socket>()
  readonly #open: ISocketFactory

  /** @param open how to open one; by default as kafkajs does */
  constructor(open: ISocketFactory = openSocket) {
    this.#open = open
  }

  readonly factory: ISocketFactory = args => {
    const socket = this.#open(args)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  /** Ends what is still open, with an error, since kafkajs gives up waiting for answers only then. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy(new Error('the client was closed'))
  }
}

function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect)
  return socket.setKeepAlive(true, KEEP_ALIVE_MS)
}
