import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildMavenProject } from '../../scripts/maven-project.ts'
import type { Datum } from './formats/format.ts'
import type { TopologySpec } from './spec.ts'

const SOURCES = fileURLToPath(new URL('./java/', import.meta.url))

/** Kafka Streams in a JVM beside this process. One request at a time is worked on; the others wait in their order. */
export interface JavaPeer extends AsyncDisposable {
  version(): Promise<{ readonly kafka: string; readonly java: string }>
  /** `Topology.describe()`, word for word. */
  describe(topology: TopologySpec | ExampleName, options?: RunOptions): Promise<string>
  /** Feeds the inputs to `TopologyTestDriver`, from wall clock time 0, and gives what came of them. */
  run(topology: TopologySpec | ExampleName, inputs: readonly RunInput[], options?: RunOptions): Promise<RunResult>
  /** The metrics that are registered for a topology, after the inputs. The recording level is TRACE. */
  metrics(
    topology: TopologySpec,
    inputs: readonly RunInput[],
    options?: RunOptions,
  ): Promise<{ readonly client: readonly JavaMetric[]; readonly tasks: readonly JavaMetric[] }>
  /** Calls one function of the Java catalogue; kind `names` lists those of the kind that `name` says. */
  call(kind: string, name: string, functionArguments: readonly string[]): Promise<unknown>
  /** Writes values in a format of `formats/`, and reads bytes in it. */
  format(
    format: string,
    values: readonly { readonly datum: Datum; readonly reads: readonly string[] }[],
  ): Promise<readonly FormatResult[]>
  close(): Promise<void>
}

/** Bytes are in base64. */
export interface FormatResult {
  readonly written: string
  /** Of each of the bytes to read. */
  readonly read: readonly ({ readonly value: Datum } | { readonly refused: true })[]
}

/** A topology of `examples/`, written in Java by hand. */
export type ExampleName = 'word-count' | 'enrich-orders' | 'page-views-per-minute'

/** What Kafka Streams throws: classes and messages, from the outermost to the cause. */
export class JavaFailed extends Error {
  readonly thrown: string
  /** Of the inputs, the number of that which it fails on; undefined if it refuses the topology. */
  readonly at: number | undefined

  constructor(thrown: string, at?: number) {
    super(`Kafka Streams says: ${thrown}`)
    this.thrown = thrown
    this.at = at
  }
}

export interface RunOptions {
  /** Kafka Streams' default of 10 MiB, or no cache at all. @default false */
  readonly caching?: boolean
  /** `topology.optimization`: as there, separated by commas. @default 'none' */
  readonly optimization?: string
  /** Kafka Streams' internal `__enable.process.processValue.fix__`. @default false */
  readonly repartitionAfterProcess?: boolean
  /** @default 'memory' */
  readonly stores?: 'memory' | 'persistent'
  /** After each record by itself, or where the inputs ask for it and at the end, so that a commit has several. @default 'each' */
  readonly commits?: 'each' | 'asked'
  /** How often at most joins and windows emit what has closed, in milliseconds of the wall clock. @default 0 */
  readonly emitIntervalMs?: number
}

/** A record, an advance of the wall clock, or a commit between two records. Bytes are in base64. */
export type RunInput =
  | { readonly commit: true }
  | {
      readonly topic: string
      readonly key: string | null
      readonly value: string | null
      /** Milliseconds. */
      readonly timestamp: number
      readonly headers?: readonly (readonly [name: string, value: string | null])[]
    }
  | { readonly advanceWallClockMs: number }

export interface RunResult {
  /** By topic, internal ones included (the application id is `app`), in the order in which they were written. */
  readonly outputs: Readonly<Record<string, readonly RunOutput[]>>
  /** By store, in the order in which the store iterates. */
  readonly stores: Readonly<Record<string, readonly StoreEntry[]>>
}

export interface JavaMetric {
  readonly group: string
  readonly name: string
  readonly description: string
  readonly level: 'INFO' | 'DEBUG' | 'TRACE'
  readonly value: number | string
  readonly tags: Readonly<Record<string, string>>
}

export interface RunOutput {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

export interface StoreEntry {
  readonly key: string
  readonly value: string
  /** Of the last update. */
  readonly timestamp: number
  /** Of window stores. */
  readonly windowStart?: number
  readonly windowEnd?: number
}

/** The releases of Kafka Streams that Millrace is compared with; the first one unless another is asked for. */
export const KAFKA_STREAMS_VERSIONS = ['4.3.1', '4.4.0'] as const
export type KafkaStreamsVersion = (typeof KAFKA_STREAMS_VERSIONS)[number]

/**
 * Builds the Java side if its sources have changed, with Maven, and starts it.
 *
 * @throws when `java` (17 or newer) or `mvn` is missing, or the sources do not compile
 */
export async function startJavaPeer(version: KafkaStreamsVersion = KAFKA_STREAMS_VERSIONS[0]): Promise<JavaPeer> {
  const classPath = await buildMavenProject(SOURCES, 'millrace-java-peer', { 'kafka.version': version })
  const java = spawn('java', ['-Xmx512m', '-XX:+UseSerialGC', '-cp', classPath, 'millrace.peer.Main'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  java.stderr.on('data', chunk => (complaints = (complaints + String(chunk)).slice(-4_000)))
  // Writing to a process that has ended: its end says more.
  java.stdin.on('error', () => {})
  const waiting: { resolve(answer: never): void; reject(error: Error): void }[] = []
  const ended = new Promise<void>(resolve => {
    const end = (how: string): void => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the Java peer ended (${how}): ${complaints}`))
      resolve()
    }
    java.once('error', error => end(error.message))
    java.once('exit', (code, signal) => end(signal ?? `exit status ${code}`))
  })
  createInterface({ input: java.stdout }).on('line', line => {
    const answer = JSON.parse(line) as { readonly error?: string; readonly cause?: string; readonly at?: number }
    const asked = waiting.shift()
    const { error, cause, at } = answer
    if (error === undefined) asked?.resolve(answer as never)
    else asked?.reject(new JavaFailed([error, ...(cause === undefined ? [] : [cause])].join(' <- '), at))
  })

  const ask = <Answer>(command: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (java.exitCode !== null || java.signalCode !== null) return reject(new Error('the Java peer has ended'))
      waiting.push({ resolve, reject })
      java.stdin.write(`${JSON.stringify(command)}\n`)
    })
  const close = async (): Promise<void> => {
    java.stdin.end()
    await ended
  }
  return {
    version: () => ask({ cmd: 'version' }),
    describe: async (topology, options) =>
      (await ask<{ readonly describe: string }>({ cmd: 'describe', topology, options })).describe,
    run: (topology, inputs, options) => ask({ cmd: 'run', topology, inputs, options }),
    metrics: (topology, inputs, options) => ask({ cmd: 'metrics', topology, inputs, options }),
    call: async (kind, name, functionArguments) =>
      (await ask<{ readonly result: unknown }>({ cmd: 'call', kind, name, arguments: functionArguments })).result,
    format: async (format, values) =>
      (await ask<{ readonly results: readonly FormatResult[] }>({ cmd: 'format', format, values })).results,
    close,
    [Symbol.asyncDispose]: close,
  }
}
