import type { KafkaApi } from './api-names.ts'

/** Where a broker listens, and the port of the proxy in front of it. */
export interface ProxiedBroker {
  /** As `host:port`, as it was given. */
  readonly address: string
  readonly host: string
  readonly port: number
  readonly proxyPort: number
}

/** Answers that tell the addresses of brokers anywhere. */
const NAMES_BROKERS = new Set<string>(['Metadata', 'FindCoordinator', 'DescribeCluster'] satisfies KafkaApi[])
/**
 * Answers that tell new leaders (KIP-951) behind all their records. Only the end is looked at, since records may hold any bytes.
 */
const NAMES_LEADERS = new Set<string>(['Produce', 'Fetch'] satisfies KafkaApi[])
const END_BYTES = 512
/** How brokers on this machine may call themselves. */
const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '::1']
const PORT_BYTES = 4

/**
 * Changes the ports of brokers in an answer to those of their proxies, in place. In all versions of the protocol an address is the bytes
 * of a host followed by a port of 4 bytes, so nothing else of the answer has to be understood, and its length stays.
 */
export function redirect(answer: Buffer, api: string, brokers: readonly ProxiedBroker[]): void {
  if (NAMES_BROKERS.has(api)) redirectIn(answer, brokers)
  else if (NAMES_LEADERS.has(api)) redirectIn(answer.subarray(Math.max(0, answer.length - END_BYTES)), brokers)
}

function redirectIn(bytes: Buffer, brokers: readonly ProxiedBroker[]): void {
  for (const { host, port, proxyPort } of brokers) {
    for (const name of new Set([host, ...LOCAL_HOSTS])) {
      const address = Buffer.alloc(name.length + PORT_BYTES)
      address.write(name, 'latin1')
      address.writeInt32BE(port, name.length)
      for (let at = bytes.indexOf(address); at >= 0; at = bytes.indexOf(address, at + address.length)) {
        bytes.writeInt32BE(proxyPort, at + name.length)
      }
    }
  }
}

/** @returns what is before and after the last colon, or `undefined` when it is no address on this machine */
export function localAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d+)$/.exec(text.trim()) ?? []
  const isLocal = LOCAL_HOSTS.includes(host) || /^127(\.\d{1,3}){3}$/.test(host)
  return isLocal && Number(port) > 0 && Number(port) < 65_536 ? { host, port: Number(port) } : undefined
}
