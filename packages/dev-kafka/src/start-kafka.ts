import { existsSync } from 'node:fs'
import type { DevKafka, StartKafkaOptions } from './dev-kafka.ts'
import { DevKafkaError } from './dev-kafka-error.ts'
import { startDockerKafka } from './docker/docker-cluster.ts'
import { findDocker } from './docker/testcontainers.ts'
import { useEnvKafka } from './env-kafka.ts'
import { checkPorts } from './free-ports.ts'
import { installDirectory } from './jvm/install-broker.ts'
import { findJava, findMaven } from './jvm/java-tools.ts'
import { startJvmKafka } from './jvm/jvm-cluster.ts'
import { type ResolvedOptions, resolveOptions } from './resolve-options.ts'

/**
 * Gives a real Kafka, ready to serve: the one that `KAFKA_BROKERS` names, else one in Docker, else one on a JVM with jars
 * from Maven Central (`java` 17 or newer and `mvn`). It ends with `stop()`, and for certain with this process.
 *
 * @example
 * await using kafka = await startKafka()
 * const client = new Kafka({ brokers: kafka.brokers.split(',') })
 *
 * @throws DevKafkaError with a code and a hint: nothing to start one with, a failed download, a failed start
 */
export async function startKafka(options: StartKafkaOptions = {}): Promise<DevKafka> {
  const resolved = resolveOptions(options)
  const missing: string[] = []
  for (const source of resolved.from === 'auto' ? (['env', 'docker', 'jvm'] as const) : [resolved.from]) {
    const { port, brokers } = resolved
    if (source !== 'env' && port !== undefined) await checkPorts(Array.from({ length: brokers }, (_, i) => port + i))
    const attempt = await SOURCES[source](resolved)
    if (!('missing' in attempt)) return attempt
    missing.push(...attempt.missing.map(what => `${source}: ${what}`))
  }
  throw new DevKafkaError(
    'DEV_KAFKA_UNAVAILABLE',
    `no Kafka is available and none can be started (${missing.join('; ')})`,
    'Set KAFKA_BROKERS to a Kafka that runs, or start Docker and install testcontainers, or install a JDK (17 or newer) and Maven.',
  )
}

/** A source either gives a Kafka or says what it misses; having everything and failing all the same is an error. */
type Attempt = DevKafka | { readonly missing: readonly string[] }

const SOURCES = {
  env: async () => {
    const brokers = process.env['KAFKA_BROKERS']
    return brokers ? useEnvKafka(brokers) : { missing: ['KAFKA_BROKERS is not set'] }
  },
  docker: async (options: ResolvedOptions) => {
    const found = await findDocker()
    if ('missing' in found) return { missing: [found.missing] }
    return startDockerKafka(options, found.testcontainers, found.engine)
  },
  jvm: async (options: ResolvedOptions) => {
    const [java, maven] = await Promise.all([
      findJava(),
      // What is there already needs no Maven, and asking Maven for its version takes half a second.
      existsSync(installDirectory(options.release)) ? 'not needed' : findMaven(),
    ])
    const missing = [java, maven].flatMap(tool => (typeof tool === 'object' && 'missing' in tool ? [tool.missing] : []))
    return 'missing' in java || missing.length > 0 ? { missing } : startJvmKafka(options, java)
  },
} satisfies Record<string, (options: ResolvedOptions) => Promise<Attempt>>
