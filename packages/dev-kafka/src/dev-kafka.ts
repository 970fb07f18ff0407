import type { KafkaVersion } from './kafka-release.ts'

/** Where a Kafka came from, in the order in which they are tried. */
export type KafkaSource = 'env' | 'docker' | 'jvm'

export interface StartKafkaOptions {
  /** @default 1 */
  readonly brokers?: 1 | 3
  /** Of a Kafka that is started; one from `KAFKA_BROKERS` is what it is. @default '4.4' */
  readonly version?: KafkaVersion
  /** Broker settings, over this package's own. */
  readonly config?: Readonly<Record<string, string>>
  /** `auto` takes the first of `KAFKA_BROKERS`, a running Docker engine, a JVM. @default 'auto' */
  readonly from?: 'auto' | KafkaSource
  /** Port of the first broker; the others take the next ones. @default free ports */
  readonly port?: number
  /**
   * How a JVM broker is tuned: `start` is up soonest, `throughput` runs fastest once warm. A Docker broker is as its image
   * is. @default 'start'
   */
  readonly tuning?: 'start' | 'throughput'
  /** How long until the brokers must answer, not counting downloads. @default 180 000 */
  readonly timeoutMs?: number
  /** Takes what a developer who waits wants to read: downloads, where logs are kept. @default silent */
  readonly log?: (line: string) => void
}

/** A running Kafka. Ends with `stop()`, or when this process ends in whatever way. */
export interface DevKafka extends AsyncDisposable {
  /** Bootstrap list, as `host:port,host:port`. */
  readonly brokers: string
  readonly source: KafkaSource
  /** Exact release, or `unknown` for a Kafka from `KAFKA_BROKERS`. */
  readonly version: string
  /** Node ids, ascending: what the next three functions take. */
  readonly brokerIds: readonly number[]
  /** Shuts a broker down in order and keeps its data. Rejects with `DEV_KAFKA_NOT_OURS` for `env`, as do the next four. */
  stopBroker(brokerId: number): Promise<void>
  /** SIGKILL. The data stays as it was at that moment. */
  killBroker(brokerId: number): Promise<void>
  /** The broker keeps its connections and answers nothing until `resumeBroker`: SIGSTOP. */
  freezeBroker(brokerId: number): Promise<void>
  /** A frozen broker goes on. */
  resumeBroker(brokerId: number): Promise<void>
  /** Starts a stopped or killed broker on its data and port; resolves when it serves. */
  startBroker(brokerId: number): Promise<void>
  /** What the brokers have logged so far; empty for `env`. */
  logs(): string
  /** Where the brokers have their segments, by broker id, as long as they are not stopped. Only for `jvm`: else there are none on this machine. */
  readonly dataDirectories: ReadonlyMap<number, string>
  /** Ends the brokers and deletes their data. May be called again. A no-op for `env`. */
  stop(): Promise<void>
}
