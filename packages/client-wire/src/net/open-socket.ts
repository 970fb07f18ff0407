import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { WireError } from '../protocol/wire-error.ts'

export interface SocketOptions {
  readonly host: string
  readonly port: number
  readonly tls: boolean | ConnectionOptions
  /** For each address. */
  readonly timeoutMs: number
  /** The addresses of a name, in the order in which they are tried. @default those of the system, asked at each connection */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

/**
 * Connects to the first address of a host that accepts.
 *
 * @throws WireError `unreachable` when none does, `refused` when TLS fails
 */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const { host, port, resolve = addressesOf } = options
  const failures: string[] = []
  let cause: unknown
  for (const address of isIP(host) === 0 ? await resolve(host) : [host]) {
    try {
      return await connectTo(address, options)
    } catch (error) {
      cause = error
      if (error instanceof WireError && error.reason === 'refused') throw error
      failures.push(`${address}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new WireError('unreachable', `${host}:${port} cannot be reached (${failures.join('; ')})`, { cause })
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true })
    return [...new Set(found.map(({ address }) => address))]
  } catch (cause) {
    throw new WireError('unreachable', `The name ${host} cannot be resolved`, { cause })
  }
}

function connectTo(address: string, { host, port, tls, timeoutMs }: SocketOptions): Promise<Socket> {
  const secure = tls !== false
  const socket = secure
    ? connectTls({
        ...(isIP(host) === 0 && { servername: host }),
        ...(tls === true ? {} : tls),
        host: address,
        port,
      })
    : connectTcp({ host: address, port })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 30_000)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => failed(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    const failed = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(isTlsFailure(error) ? tlsRefused(host, port, error) : error)
    }
    socket.once('error', failed)
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', failed)
      resolve(socket)
    })
  })
}

/** Certificates and versions of TLS do not get better by trying again. */
export function isTlsFailure(error: Error & { readonly code?: string }): boolean {
  return /CERT|SELF_SIGNED|ERR_SSL|ERR_TLS|UNABLE_TO|EPROTO/.test(error.code ?? '')
}

function tlsRefused(host: string, port: number, cause: Error): WireError {
  return new WireError('refused', `TLS with ${host}:${port} failed: ${cause.message}`, { cause })
}
