import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildMavenProject } from '../../../scripts/maven-project.ts'
import type { Application, ApplicationOptions } from './application.ts'

const SOURCES = fileURLToPath(new URL('./java/', import.meta.url))

/** The shop in Kafka Streams, in a JVM of its own. @param groupProtocol `streams` is that of KIP-1071 */
export async function startJava(
  options: ApplicationOptions,
  groupProtocol: 'classic' | 'streams' = 'classic',
): Promise<Application> {
  const classPath = await buildMavenProject(SOURCES, 'millrace-java-takeover')
  const state = await mkdtemp(join(tmpdir(), 'java-takeover-'))
  const { brokers, applicationId, inputs, guarantee, caching } = options
  const settings = [brokers, applicationId, inputs, guarantee, caching ? '10485760' : '0', state, groupProtocol]
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
    async close() {
      java.stdin.end()
      await ended
      await rm(state, { recursive: true, force: true })
      check()
    },
  }
}
