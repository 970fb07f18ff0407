import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildMavenProject } from '../../../scripts/maven-project.ts'

const run = promisify(execFile)
const SOURCES = fileURLToPath(new URL('./java/', import.meta.url))

/** What `StreamsGroupCommand` of Kafka 4.3.1 says of a group: the rows of its table, by column. */
export async function describedByCommand(
  brokers: string,
  groupId: string,
  what: '--state' | '--members' | '--offsets',
): Promise<readonly Readonly<Record<string, string>>[]> {
  const command = 'org.apache.kafka.tools.streams.StreamsGroupCommand'
  const text = await java(command, ['--bootstrap-server', brokers, '--describe', '--group', groupId, what, '--verbose'])
  const [header, ...rows] = text.split('\n').filter(line => line.trim() !== '')
  if (header === undefined) throw new Error('StreamsGroupCommand says nothing')
  const columns = header
    .trim()
    .split(/\s{2,}|\t|\s/)
    .filter(name => name !== '')
  return rows.map(row => {
    const cells = row.trim().split(/\s+/)
    // The last column has spaces in it.
    const last = cells.slice(columns.length - 1).join(' ')
    return Object.fromEntries(columns.map((name, i) => [name, i === columns.length - 1 ? last : (cells[i] ?? '')]))
  })
}

/** The topology that a group was told, as Kafka's admin client describes it. */
export async function describedTopology(brokers: string, groupId: string): Promise<readonly string[]> {
  return (await java('millrace.groups.Describe', [brokers, groupId])).trim().split('\n')
}

async function java(program: string, options: readonly string[]): Promise<string> {
  const classPath = await buildMavenProject(SOURCES, 'millrace-streams-groups')
  const tuning = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const { stdout } = await run('java', [...tuning, '-cp', classPath, program, ...options], { timeout: 120_000 })
  return stdout
}
