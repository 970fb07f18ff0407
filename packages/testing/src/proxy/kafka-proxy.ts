import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { checkedConfigNumber, invalidOption, isGivenObject, millraceError, seededRandom } from '@millrace/core'
import { localAddress, type ProxiedBroker } from './broker-address.ts'
import { ProxiedConnection, type ConnectionContext, type ProxiedRequest } from './proxied-connection.ts'
import { ActiveRule, checkRule, type ProxyRule } from './proxy-fault.ts'

export interface KafkaProxyOptions {
  /** All brokers of the cluster, as `127.0.0.1:9092,127.0.0.1:9093`. They must be on this machine, and speak without TLS. */
  readonly brokers: string
  /** Decides which requests a rule with a probability meets. @default 1 */
  readonly seed?: number
  /** How many requests `requests()` remembers. @default 10 000 */
  readonly remembered?: number
}

const LOOPBACK = '127.0.0.1'

/**
 * Stands between clients and the brokers of a cluster on this machine, and cuts, delays, swallows or repeats chosen requests of Kafka's
 * protocol. Clients get its addresses in the answers of the brokers, so that every connection leads through it.
 *
 * It reads no more than the heads of requests, so it works with all versions of all clients. It does not read TLS.
 */
export class KafkaProxy {
  /** What clients connect to, as `127.0.0.1:40001,127.0.0.1:40002`. */
  readonly brokers: string
  readonly #servers: readonly Server[]
  readonly #connections = new Set<ProxiedConnection>()
  readonly #rules = new Set<ActiveRule>()
  readonly #requests: ProxiedRequest[] = []
  readonly #remembered: number
  readonly #random: () => number
  readonly #brokers: readonly ProxiedBroker[]
  #count = 0
  #unreadable: ProxiedBroker | undefined

  private constructor(servers: readonly Server[], brokers: readonly ProxiedBroker[], options: KafkaProxyOptions) {
    this.#servers = servers
    this.#brokers = brokers
    this.#random = seededRandom(options.seed ?? 1)
    this.#remembered = options.remembered ?? DEFAULT_REMEMBERED
    this.brokers = brokers.map(({ proxyPort }) => `${LOOPBACK}:${proxyPort}`).join(',')
    for (const [index, server] of servers.entries()) {
      server.on('connection', socket => this.#connect(socket, brokers[index]!))
    }
  }

  /**
   * Listens on a port of the loopback interface for each broker.
   *
   * @throws MILLRACE_CONFIG_INVALID for a broker that is not on this machine, and for other options that cannot be used
   */
  static async start(options: KafkaProxyOptions): Promise<KafkaProxy> {
    const addresses = checkedBrokers(options)
    const servers = await Promise.all(addresses.map(() => listening()))
    const brokers = addresses.map((each, index) => ({
      ...each,
      address: `${each.host}:${each.port}`,
      proxyPort: (servers[index]!.address() as AddressInfo).port,
    }))
    return new KafkaProxy(servers, brokers, options)
  }

  /**
   * Lets a fault meet requests from now on. The first rule that meets a request decides.
   *
   * @returns a function that ends the rule
   * @throws MILLRACE_CONFIG_INVALID naming what is wrong with the rule
   */
  inject(rule: ProxyRule): () => void {
    checkRule(rule)
    const active = new ActiveRule(rule)
    this.#rules.add(active)
    return () => this.#rules.delete(active)
  }

  /** Ends all rules. Connections that are silent are cut, since what they have missed does not arrive any more. */
  heal(): void {
    this.#rules.clear()
    for (const connection of this.#connections) if (connection.isSilent) connection.close()
  }

  /** Closes all connections. New ones are accepted. */
  cutAll(): void {
    for (const connection of this.#connections) connection.close()
  }

  /** The requests of all clients in the order in which they came, the last 10 000 unless `remembered` says otherwise. */
  requests(): readonly ProxiedRequest[] {
    return this.#requests.slice(-this.#remembered)
  }

  /**
   * Closes all connections and stops listening.
   *
   * @throws MILLRACE_PROXY_UNREADABLE when a client or a broker has sent something else than Kafka's protocol without TLS
   */
  async close(): Promise<void> {
    const stopped = this.#servers.map(server => new Promise<void>(done => server.close(() => done())))
    const closed = [...this.#connections].map(connection => connection.closed)
    this.cutAll()
    await Promise.all([...stopped, ...closed])
    if (this.#unreadable) throw millraceError('MILLRACE_PROXY_UNREADABLE', { broker: this.#unreadable.address })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #connect(socket: Socket, broker: ProxiedBroker): void {
    const connection = new ProxiedConnection(socket, broker, ++this.#count, this.#context)
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }

  get #context(): ConnectionContext {
    return {
      brokers: this.#brokers,
      faultFor: (api, clientId) => {
        for (const rule of this.#rules) {
          const fault = rule.meet(api, clientId, this.#random)
          if (fault) return fault
        }
        return undefined
      },
      record: request => {
        this.#requests.push(request)
        // Not one at a time, which would move all of them for each request.
        if (this.#requests.length > 2 * this.#remembered) this.#requests.splice(0, this.#remembered)
      },
      unreadable: broker => (this.#unreadable ??= broker),
    }
  }
}

const DEFAULT_REMEMBERED = 10_000

function checkedBrokers(options: KafkaProxyOptions): readonly { readonly host: string; readonly port: number }[] {
  const given: unknown = options
  if (!isGivenObject(given)) throw invalidOption('options', given, 'it must be an object such as { brokers }')
  const { brokers } = given
  if (typeof brokers !== 'string') throw invalidOption('brokers', brokers, 'it must be a text such as 127.0.0.1:9092')
  checkedConfigNumber('remembered', options.remembered ?? DEFAULT_REMEMBERED, { from: 1 })
  return brokers.split(',').map(text => {
    const address = localAddress(text)
    if (address) return address
    throw invalidOption('brokers', brokers, 'each broker must be on this machine, as 127.0.0.1:9092')
  })
}

async function listening(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, LOOPBACK, done))
  return server
}
