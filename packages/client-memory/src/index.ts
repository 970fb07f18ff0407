export { type MarkerFate, MemoryCluster, type MemoryClusterOptions } from './memory-cluster.ts'
export { memoryClient, type MemoryClient, type MemoryClientOptions } from './client/memory-client.ts'
