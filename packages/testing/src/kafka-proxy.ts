export { KafkaProxy, type KafkaProxyOptions } from './proxy/kafka-proxy.ts'
export type { KafkaApi } from './proxy/api-names.ts'
export type { ProxyFault, ProxyFaultKind, ProxyRule } from './proxy/proxy-fault.ts'
export type { ProxiedRequest } from './proxy/proxied-connection.ts'
