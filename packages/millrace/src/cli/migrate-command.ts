import {
  checkMigration,
  type MigrationReport,
  readDescription,
  resolveOptions,
  type TopologyDescription,
} from '@millrace/runtime'
import type { CliCommand, CommandOutput } from './cli-command.ts'
import { contentOf } from './connection-options.ts'
import { flag, LOOKING, namedPositionals, parsedOptions, text } from './parsed-options.ts'
import { applicationTarget, TARGET_OPTIONS, TARGET_USAGE, withClient } from './target.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace migrate check MODULE [options]

Compares the topology of a module with the Java application that it is to take over: with what Topology#describe() prints there, and with the
topics on the cluster. It changes nothing, and the Java application may run.

  --describe FILE              the output of Topology#describe(), with or without log lines around it; - is the standard input
  --offline                    do not ask Kafka: compare with FILE only
${TARGET_USAGE}
  --json                       print the result as JSON

What is compared: names of stores and of internal topics, source and output topics, sub-topologies, operators, topology.optimization;
on the cluster: internal topics, their partitions, cleanup.policy and retention, and the group.

Examples:
  millrace migrate check app.ts --describe topology.txt
  millrace migrate check plan.ts --describe topology.txt --offline
  java -cp app.jar Describe | millrace migrate check app.ts --describe - --bootstrap-server kafka:9092

The exit status is 0; 1 when something must be changed first, or Kafka fails; 2 for a wrong command line.
`

const OPTIONS = { ...TARGET_OPTIONS, describe: text, offline: flag, ...LOOKING } as const

export const migrateCommand: CliCommand = {
  summary: 'compare a topology with the Java application that it is to take over',
  usage: USAGE,
  subcommands: ['check'],
  async run([subcommand, ...args], output) {
    if (subcommand !== 'check')
      throw new UsageError(subcommand === undefined ? 'check is missing' : `"${subcommand}" is not check`)
    const { values, positionals } = parsedOptions(args, OPTIONS)
    const [module] = namedPositionals(positionals, 'MODULE')
    const { describe: file, offline = false } = values
    if (offline && file === undefined)
      throw new UsageError('--offline needs --describe: there is nothing else to compare')
    const id = offline ? { 'application-id': values['application-id'] ?? 'offline' } : {}
    const target = await applicationTarget(module!, { ...values, ...id })
    const description = file === undefined ? undefined : await descriptionOf(file, output)
    const { plan, applicationId } = target
    const options = resolveOptions({ ...target.options, applicationId, client: target.factory })
    const compared = { plan, options, ...(description && { description }) }
    const report = offline
      ? await checkMigration(compared)
      : await withClient(target, client => checkMigration({ ...compared, admin: client.admin() }))
    if (values.json === true) output.print(JSON.stringify(report))
    else show(report, output)
    return report.findings.some(({ severity }) => severity === 'error') ? 1 : 0
  },
}

async function descriptionOf(file: string, { input }: CommandOutput): Promise<TopologyDescription> {
  let content = ''
  if (file !== '-') content = await contentOf(file)
  else if (input === undefined) throw new UsageError('--describe - needs an input')
  else for await (const line of input) content += `${line}\n`
  const description = readDescription(content)
  if (description !== undefined) return description
  const name = file === '-' ? 'the standard input' : file
  throw new UsageError(
    `${name} has no description: "Sub-topology: 0" and the lines below it of Topology#describe() are needed`,
  )
}

function show({ applicationId, described, topics, findings }: MigrationReport, { print }: CommandOutput): void {
  for (const { severity, about, text: what, remedy } of findings) {
    print(`${severity.padEnd(7)}  ${about}: ${what}`)
    print(`         ${remedy}`)
  }
  const looked = [
    ...(described ? ['the description of Java'] : []),
    ...(topics === undefined ? [] : [`the topics of ${applicationId} (${topics} internal topics are as they must be)`]),
  ]
  const count = (severity: string) => findings.filter(one => one.severity === severity).length
  print(
    `${findings.length > 0 ? '\n' : ''}Compared with ${looked.join(' and ')}: ${count('error')} errors, ${count('warning')} warnings.`,
  )
}
