import {
  errorsInErr,
  checkArguments,
  hasMethods,
  insteadOf,
  isPlainObject,
  type Logger,
  millraceError,
  OF_AN_APPLICATION,
  reasonOf,
  shownOption,
  unknownName,
} from '@millrace/core'
import { consoleLogger, type KafkaStreams } from '@millrace/runtime'
import { isIP } from 'node:net'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { ConsoleMount } from './console-mount.ts'

/** What the server uses of a `KafkaStreams`. */
export type QueriedStreams = Pick<
  KafkaStreams,
  | 'plan'
  | 'state'
  | 'query'
  | 'watch'
  | 'metadataForAllInstances'
  | 'allLocalStorePartitionLags'
  | 'metrics'
  | 'on'
  | 'off'
>

export interface QueryServerOptions {
  /** 0 takes a free port. It is the port of the `applicationServer` of this instance. */
  readonly port: number
  /** The address to listen at. @default '127.0.0.1' */
  readonly host?: string
  /** The names of the stores that may be read. @default all stores of the topology */
  readonly stores?: readonly string[]
  /** What clients and the other instances send as `Authorization: Bearer TOKEN`. All instances have the same. @default none */
  readonly token?: string
  /** Certificate and key. With `ca`, the certificates of the other instances are checked against it. @default plain HTTP */
  readonly tls?: Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'passphrase' | 'minVersion'>
  /** Whether it may listen beyond loopback without `token` or `tls`. @default false */
  readonly allowInsecure?: boolean
  /**
   * What happens with a key of another instance: the server fetches the answer (`forward`), or sends the client there (`redirect`). Ranges are
   * always fetched. @default 'forward'
   */
  readonly route?: 'forward' | 'redirect'
  /**
   * The functions that choose the partition of a key, by store, for stores whose records were not partitioned by the bytes of their keys.
   * @default the bytes of the key decide
   */
  readonly partitioners?: Readonly<Record<string, (key: never, partitions: number) => number>>
  /** How long a request may take, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  /** How large the head of a request may be, in bytes. It includes the path with the key. @default 16384 */
  readonly maxRequestBytes?: number
  /** How large an answer may be, in bytes. @default 16777216 */
  readonly maxAnswerBytes?: number
  /** How many connections may be open. Others are closed at once. @default 1000 */
  readonly maxConnections?: number
  /** How many requests may be in work at once. Others are answered with 503. @default 100 */
  readonly maxRequests?: number
  /** How many live queries of clients may be open at once. Others are answered with 503. @default 500 */
  readonly maxLiveQueries?: number
  /** How many changes of a partition may wait for the reader of a live query. Who is slower is disconnected. @default 10000 */
  readonly maxLiveBacklog?: number
  /** How often an event stream says that it is alive, in milliseconds. @default 5000 */
  readonly heartbeatMs?: number
  /**
   * How many records each standby of this instance may be behind its changelog while `/readyz` answers 200. A rolling update that waits for
   * it always leaves a warm standby. Not possible with `threads` above 1. @default none: standbys do not count
   */
  readonly maxStandbyLag?: number
  /** Serves the console below `/console`: `millraceConsole(streams)` of `@millrace/console`. @default none */
  readonly console?: ConsoleMount
  /** Is told why a store could not be read; the client is not. @default `consoleLogger('warn')` */
  readonly logger?: Pick<Logger, 'error'>
}

export interface ServerSettings extends Required<
  Omit<QueryServerOptions, 'token' | 'tls' | 'stores' | 'console' | 'maxStandbyLag'>
> {
  readonly stores: ReadonlySet<string>
  readonly token: string | undefined
  readonly tls: QueryServerOptions['tls']
  readonly console: ConsoleMount | undefined
  readonly maxStandbyLag: number | undefined
}

const KNOWN: Readonly<Record<keyof QueryServerOptions, true>> = {
  port: true,
  host: true,
  stores: true,
  token: true,
  tls: true,
  allowInsecure: true,
  route: true,
  partitioners: true,
  timeoutMs: true,
  maxRequestBytes: true,
  maxAnswerBytes: true,
  maxConnections: true,
  maxRequests: true,
  maxLiveQueries: true,
  maxLiveBacklog: true,
  heartbeatMs: true,
  maxStandbyLag: true,
  console: true,
  logger: true,
}

/** @throws MILLRACE_SERVER_INVALID, MILLRACE_SERVER_UNSAFE, MILLRACE_STORE_UNKNOWN */
export function resolveServerOptions(streams: QueriedStreams, options: QueryServerOptions): ServerSettings {
  checkArguments('queryServer', [['streams', SOME_STREAMS]], [streams])
  if (!isPlainObject(options)) throw invalid('(all)', 'it must be an object with a port')
  const unknown = unknownName(options, Object.keys(KNOWN), OF_AN_APPLICATION)
  if (unknown !== undefined)
    throw invalid(unknown, `there is no such option; ${insteadOf(unknown, Object.keys(KNOWN))}`)
  const { port, host = '127.0.0.1', token, tls, route = 'forward', allowInsecure = false, partitioners = {} } = options
  if (!(Number.isSafeInteger(port) && port >= 0 && port <= 65_535))
    throw invalid('port', `it must be a number from 0 to 65535, but it is ${shownOption(port)}`)
  if (typeof host !== 'string' || host === '') throw invalid('host', 'it must be an address to listen at')
  if (token !== undefined && !(typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)))
    throw invalid('token', 'it must be text of printable characters without spaces')
  if (route !== 'forward' && route !== 'redirect') throw invalid('route', 'it must be "forward" or "redirect"')
  if (typeof allowInsecure !== 'boolean') throw invalid('allowInsecure', 'it must be true or false')
  if (tls !== undefined && !(isPlainObject(tls) && tls['cert'] !== undefined && tls['key'] !== undefined))
    throw invalid('tls', 'it must be an object with cert and key')
  if (!isPlainObject(partitioners)) throw invalid('partitioners', 'it must be an object of functions by store')
  if (options.logger !== undefined && aFailureLog(options.logger, 'logger') !== undefined)
    throw invalid('logger', 'it must be an object with the function error, such as consoleLogger()')
  const settings = {
    port,
    host,
    token,
    tls,
    route,
    allowInsecure,
    partitioners,
    console: options.console,
    logger: errorsInErr(options.logger ?? consoleLogger('warn')),
    stores: storesOf(streams, options.stores),
    timeoutMs: count('timeoutMs', options.timeoutMs, 10_000),
    maxRequestBytes: count('maxRequestBytes', options.maxRequestBytes, 16_384),
    maxAnswerBytes: count('maxAnswerBytes', options.maxAnswerBytes, 16_777_216),
    maxConnections: count('maxConnections', options.maxConnections, 1_000),
    maxRequests: count('maxRequests', options.maxRequests, 100),
    maxLiveQueries: count('maxLiveQueries', options.maxLiveQueries, 500),
    maxLiveBacklog: count('maxLiveBacklog', options.maxLiveBacklog, 10_000),
    heartbeatMs: count('heartbeatMs', options.heartbeatMs, 5_000),
    maxStandbyLag: options.maxStandbyLag,
  }
  const { maxStandbyLag } = settings
  if (maxStandbyLag !== undefined && !(Number.isSafeInteger(maxStandbyLag) && maxStandbyLag >= 0))
    throw invalid('maxStandbyLag', `it must be a whole number from 0, but it is ${shownOption(maxStandbyLag)}`)
  if (options.console !== undefined && typeof options.console?.handle !== 'function')
    throw invalid('console', 'it must be millraceConsole(streams)')
  for (const [store, partitioner] of Object.entries(partitioners)) {
    if (typeof partitioner !== 'function') throw invalid('partitioners', `that of "${store}" must be a function`)
    if (!settings.stores.has(store)) throw unknownStore(store, settings.stores)
  }
  const missing = [...(token === undefined ? ['token'] : []), ...(tls === undefined ? ['TLS'] : [])]
  if (!isLoopback(host) && missing.length > 0 && !allowInsecure)
    throw millraceError('MILLRACE_SERVER_UNSAFE', { host, missing: missing.join(' and no ') })
  checkTls(tls)
  return settings
}

/** @throws MILLRACE_SERVER_INVALID, without what the certificate or its key contain */
function checkTls(tls: QueryServerOptions['tls']): void {
  if (tls === undefined) return
  try {
    createSecureContext(tls)
  } catch (cause) {
    throw invalid('tls', `Node.js cannot use it for TLS: ${reasonOf(cause)}`)
  }
}

/** Whether only processes of this machine reach the address. A name of a host could be another address tomorrow. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (address === 'localhost' || address === '::1') return true
  return isIP(address) === 4 && address.startsWith('127.')
}

export function unknownStore(store: string, stores: ReadonlySet<string>): Error {
  const names = [...stores].map(name => `"${name}"`).join(', ')
  const hint = names === '' ? 'The query server has no stores.' : `The query server has the stores ${names}.`
  return millraceError('MILLRACE_STORE_UNKNOWN', { store }, { hint })
}

function storesOf({ plan }: QueriedStreams, wanted: QueryServerOptions['stores']): ReadonlySet<string> {
  const all = new Set(plan.stores.map(({ name }) => name))
  if (wanted === undefined) return all
  if (!Array.isArray(wanted)) throw invalid('stores', 'it must be an array of names')
  for (const name of wanted as readonly unknown[]) if (!all.has(name as string)) throw unknownStore(String(name), all)
  return new Set(wanted as readonly string[])
}

function count(option: keyof QueryServerOptions, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (Number.isSafeInteger(value) && value > 0 && value < 2 ** 31) return value
  throw invalid(option, `it must be a whole number from 1 to 2147483647, but it is ${shownOption(value)}`)
}

const SOME_STREAMS = hasMethods('a KafkaStreams', 'query', 'metadataForAllInstances', 'metrics', 'on', 'off')
const aFailureLog = hasMethods('a logger', 'error')

function invalid(option: string, reason: string): Error {
  return millraceError('MILLRACE_SERVER_INVALID', { option, reason })
}
