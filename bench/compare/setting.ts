import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Contender } from './contenders.ts'
import type { Setting } from './markdown.ts'

/** The version beside which everything is measured; `bench/java/pom.xml` names it, too. */
export const KAFKA_STREAMS = '4.3.1'

/** Where and with what this process measures. */
export function setting(command: string, pinning: string, others: readonly Contender[] = []): Setting {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
  return {
    date: new Date().toISOString().slice(0, 10),
    command,
    machine: `${availableParallelism()} processors (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory}`,
    pinning,
    versions: [
      `Node.js ${process.version}, Kafka Streams ${KAFKA_STREAMS}`,
      ...others.flatMap(({ rival }) => (rival === undefined ? [] : [rival.title])),
    ].join(', '),
  }
}
