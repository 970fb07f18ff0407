import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildMavenProject } from '../../scripts/maven-project.ts'
import type { Described } from './described-value.ts'

/** What Java's Avro is asked. */
export interface SchemaCase {
  readonly writer: string
  readonly reader: string
  readonly data: readonly Described[]
}

export interface Verdict {
  readonly writer: ParsedVerdict
  readonly reader: ParsedVerdict
  /** As `KIND path message`; missing if a schema was refused or `comparisonFailed`. */
  readonly incompatibilities?: readonly string[]
  readonly comparisonFailed?: string
  readonly results?: readonly RoundTrip[]
}

export type ParsedVerdict = { readonly text: string } | { readonly refused: string }

export interface RoundTrip {
  /** In base64. */
  readonly written?: string
  readonly writeRefused?: string
  readonly value?: Described
  readonly refused?: string
}

export interface AvroJudge extends AsyncDisposable {
  judge(asked: SchemaCase): Promise<Verdict>
}

/**
 * Java's Avro in a JVM beside this process.
 * @throws when `java` (17 or newer) or `mvn` is missing
 */
export async function startAvroJudge(): Promise<AvroJudge> {
  const classPath = await buildMavenProject(fileURLToPath(new URL('./java/', import.meta.url)), 'millrace-avro-judge')
  const java = spawn('java', ['-Xmx512m', '-XX:+UseSerialGC', '-cp', classPath, 'millrace.schemas.Judge'])
  let complaints = ''
  java.stderr.on('data', chunk => (complaints = (complaints + String(chunk)).slice(-4_000)))
  // Writing to a process that has ended: its end says more.
  java.stdin.on('error', () => {})
  const waiting: { resolve(verdict: Verdict): void; reject(error: Error): void }[] = []
  const ended = new Promise<void>(resolve => {
    const end = (how: string): void => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the judge ended (${how}): ${complaints}`))
      resolve()
    }
    java.once('error', error => end(error.message))
    java.once('exit', (code, signal) => end(signal ?? `exit status ${code}`))
  })
  createInterface({ input: java.stdout }).on('line', line => waiting.shift()?.resolve(JSON.parse(line) as Verdict))
  return {
    judge: asked =>
      new Promise((resolve, reject) => {
        if (java.exitCode !== null || java.signalCode !== null) return reject(new Error('the judge has ended'))
        waiting.push({ resolve, reject })
        java.stdin.write(`${JSON.stringify(asked)}\n`)
      }),
    async [Symbol.asyncDispose]() {
      java.stdin.end()
      await ended
    },
  }
}
