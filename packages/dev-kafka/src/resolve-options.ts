import type { KafkaSource, StartKafkaOptions } from './dev-kafka.ts'
import { DevKafkaError } from './dev-kafka-error.ts'
import { DEFAULT_KAFKA_VERSION, isKafkaVersion, KAFKA_RELEASES, type KafkaRelease } from './kafka-release.ts'

/** The options with nothing left open. */
export interface ResolvedOptions {
  readonly brokers: 1 | 3
  readonly release: KafkaRelease
  readonly config: Readonly<Record<string, string>>
  readonly from: 'auto' | KafkaSource
  readonly port: number | undefined
  readonly tuning: 'start' | 'throughput'
  readonly timeoutMs: number
  readonly log: (line: string) => void
}

/** @throws DevKafkaError `DEV_KAFKA_USAGE` on a value that the types rule out: the CLI and JavaScript have no types */
export function resolveOptions(options: StartKafkaOptions): ResolvedOptions {
  const { brokers = 1, version = process.env['DEV_KAFKA_VERSION'] ?? DEFAULT_KAFKA_VERSION, from = 'auto' } = options
  if (brokers !== 1 && brokers !== 3) throw usage(`brokers: ${brokers as number}`, 'Choose 1 or 3.')
  if (!isKafkaVersion(version))
    throw usage(`version: ${version}`, `Choose one of ${Object.keys(KAFKA_RELEASES).join(', ')}.`)
  if (!['auto', 'env', 'docker', 'jvm'].includes(from)) throw usage(`from: ${from}`, 'Choose auto, env, docker or jvm.')
  return {
    brokers,
    release: KAFKA_RELEASES[version],
    config: options.config ?? {},
    from,
    port: options.port,
    tuning: options.tuning ?? 'start',
    timeoutMs: options.timeoutMs ?? 180_000,
    log: options.log ?? (() => {}),
  }
}

function usage(what: string, hint: string): DevKafkaError {
  return new DevKafkaError('DEV_KAFKA_USAGE', `invalid option: ${what}`, hint)
}
