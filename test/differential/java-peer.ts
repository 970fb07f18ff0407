import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TopologySpec } from './spec.ts'

const run = promisify(execFile)
const SOURCES = fileURLToPath(new URL('./java/', import.meta.url))

/** Kafka Streams in a JVM beside this process. One request at a time is worked on; the others wait in their order. */
export interface JavaPeer extends AsyncDisposable {
  version(): Promise<{ readonly kafka: string; readonly java: string }>
  /** `Topology.describe()`, word for word. */
  describe(topology: TopologySpec | ExampleName, options?: RunOptions): Promise<string>
  /** Feeds the inputs to `TopologyTestDriver`, from wall clock time 0, and gives what came of them. */
  run(topology: TopologySpec | ExampleName, inputs: readonly RunInput[], options?: RunOptions): Promise<RunResult>
  /** Calls one function of the Java catalogue; kind `names` lists those of the kind that `name` says. */
  call(kind: string, name: string, functionArguments: readonly string[]): Promise<unknown>
  close(): Promise<void>
}

/** A topology of `examples/`, written in Java by hand. */
export type ExampleName = 'word-count' | 'enrich-orders' | 'page-views-per-minute'

export interface RunOptions {
  /** Kafka Streams' default of 10 MiB, or no cache at all. @default false */
  readonly caching?: boolean
  /** `topology.optimization`: all or none. @default false */
  readonly optimize?: boolean
  /** @default 'memory' */
  readonly stores?: 'memory' | 'persistent'
}

/** A record, or an advance of the wall clock between two records. Bytes are in base64. */
export type RunInput =
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

/**
 * Builds the Java side if its sources have changed, with Maven, and starts it.
 *
 * @throws when `java` (17 or newer) or `mvn` is missing, or the sources do not compile
 */
export async function startJavaPeer(): Promise<JavaPeer> {
  const built = await build()
  const classPath = [join(built, 'target', 'classes'), join(built, 'target', 'lib', '*')].join(delimiter)
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
    const answer = JSON.parse(line) as { readonly error?: string; readonly cause?: string }
    const asked = waiting.shift()
    if (answer.error === undefined) asked?.resolve(answer as never)
    else asked?.reject(new Error(`Kafka Streams says: ${[answer.error, answer.cause].join(' ').trim()}`))
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
    call: async (kind, name, functionArguments) =>
      (await ask<{ readonly result: unknown }>({ cmd: 'call', kind, name, arguments: functionArguments })).result,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The compiled sources with their jars, from the cache or made now. Two processes may both make them: the first wins. */
async function build(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace-java-peer')
  const directory = join(cache, await hashOfSources())
  if (existsSync(directory)) return directory
  await mkdir(cache, { recursive: true })
  const made = await mkdtemp(`${directory}.part-`)
  try {
    await cp(join(SOURCES, 'pom.xml'), join(made, 'pom.xml'))
    await cp(join(SOURCES, 'src'), join(made, 'src'), { recursive: true })
    const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=target/lib']
    await run('mvn', ['-q', '-B', ...goals], { cwd: made, shell: process.platform === 'win32' })
    await rename(made, directory)
  } catch (cause) {
    await rm(made, { recursive: true, force: true })
    if (existsSync(directory)) return directory
    const { stdout = '', message } = cause as Error & { stdout?: string }
    throw new Error(`the Java peer could not be built (it needs java 17 and mvn): ${stdout || message}`, { cause })
  }
  return directory
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256')
  const files = await readdir(join(SOURCES, 'src'), { recursive: true, withFileTypes: true })
  const paths = files.filter(file => file.isFile()).map(file => join(file.parentPath, file.name))
  for (const path of [join(SOURCES, 'pom.xml'), ...paths.sort()])
    hash.update(path.slice(SOURCES.length)).update(await readFile(path))
  return hash.digest('hex').slice(0, 12)
}
