import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Setting } from './markdown.ts'

/** Where and with what this process measures. */
export function setting(command: string, pinning: string): Setting {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
  return {
    date: new Date().toISOString().slice(0, 10),
    command,
    machine: `${availableParallelism()} processors (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory}`,
    pinning,
    versions: `Node.js ${process.version}, Kafka Streams 4.3.1`,
  }
}
