import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildMavenProject } from '../../../scripts/maven-project.ts'
import type { Application, ApplicationOptions } from './application.ts'

const SOURCES = fileURLToPath(new URL('./java/', import.meta.url))

export interface JavaOptions {
  /** `streams` is that of KIP-1071. @default 'classic' */
  readonly groupProtocol?: 'classic' | 'streams'
  /** Of the classic protocol. @default 45 000, as in Kafka */
  readonly sessionTimeoutMs?: number
}

export interface JavaApplication extends Application {
  /** With SIGKILL: nothing is committed, and the group does not hear of it. */
  kill(): Promise<void>
}

/** The shop in Kafka Streams, in a JVM of its own. */
export async function startJava(options: ApplicationOptions, how: JavaOptions = {}): Promise<JavaApplication> {
  const { groupProtocol = 'classic', sessionTimeoutMs = 45_000 } = how
  const classPath = await buildMavenProject(SOURCES, 'millrace-java-takeover')
  const state = await mkdtemp(join(tmpdir(), 'java-takeover-'))
  const { brokers, applicationId, inputs, guarantee, caching } = options
  const settings = [
    brokers,
    applicationId,
    inputs,
    guarantee,
    caching ? '10485760' : '0',
    state,
    groupProtocol,
    String(sessionTimeoutMs),
  ]
  const tuning = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const java = spawn('java', [...tuning, '-cp', classPath, 'millrace.takeover.Main', ...settings], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let complaints = ''
  java.stderr.on('data', chunk => (complaints = (complaints + String(chunk)).slice(-4_000)))
  // Writing to a process that has ended: its end says more.
  java.stdin.on('error', () => {})
  const ended = once(java, 'exit')
  const check = () => {
    if (java.exitCode !== null && java.exitCode !== 0) throw new Error(`Kafka Streams ended: ${complaints}`)
  }
  return {
    check,
    async kill() {
      java.kill('SIGKILL')
      await ended
      await rm(state, { recursive: true, force: true })
    },
    async close() {
      java.stdin.end()
      await ended
      await rm(state, { recursive: true, force: true })
      check()
    },
  }
}
