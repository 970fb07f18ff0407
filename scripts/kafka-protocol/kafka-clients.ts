import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildMavenProject } from '../maven-project.ts'
import type { KafkaProtocol } from './schema.ts'

const run = promisify(execFile)

/** The class path of the Java programs beside this file, and of the kafka-clients that they look into. */
export function protocolClassPath(): Promise<string> {
  return buildMavenProject(fileURLToPath(new URL('java', import.meta.url)), 'millrace-protocol')
}

/** What the jar of kafka-clients says: schemas and error codes. */
export async function readProtocol(): Promise<KafkaProtocol> {
  const program = ['-cp', await protocolClassPath(), 'millrace.protocol.Schemas']
  const { stdout } = await run('java', program, { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout) as KafkaProtocol
}
