import { inspectApplication } from '@millrace/runtime'
import type { CliCommand } from './cli-command.ts'
import { LOOKING, namedPositionals, parsedOptions, text, wholeNumber } from './parsed-options.ts'
import { applicationTarget, TARGET_OPTIONS, TARGET_USAGE, withClient } from './target.ts'
import { textTable, timeText } from './text-table.ts'

const USAGE = `millrace lag MODULE [options]

Prints how far an application has processed each partition of its input, as Kafka knows it. The application may run or not.

${TARGET_USAGE}
  --max N                      fail if a partition lags more than N records
  --json                       print the result as JSON

Examples:
  millrace lag app.ts
  millrace lag plan.ts --application-id word-count --bootstrap-server localhost:9092 --max 10000

The exit status is 0; 1 when a partition lags more than --max, a topic is missing or Kafka fails; 2 for a wrong command line.
`

export const lagCommand: CliCommand = {
  summary: 'how far the input is processed',
  usage: USAGE,
  async run(args, { print, printError }) {
    const { values, positionals } = parsedOptions(args, { ...TARGET_OPTIONS, max: text, ...LOOKING })
    const [module] = namedPositionals(positionals, 'MODULE')
    const max = values.max === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--max', values.max)
    const target = await applicationTarget(module!, values)
    const { plan, applicationId } = target
    const report = await withClient(target, client =>
      inspectApplication({ plan, applicationId, admin: client.admin() }),
    )
    const { tasks, missingTopics } = report
    const inputs = tasks.flatMap(({ id, inputs: all }) => all.map(input => ({ task: id, ...input })))
    const lag = inputs.reduce((sum, input) => sum + input.lag, 0)
    if (values.json === true) print(JSON.stringify({ applicationId, group: report.group, lag, inputs, missingTopics }))
    else {
      const head = ['topic', 'partition', 'task', 'committed', 'end', 'lag', 'stream time']
      const rows = inputs.map(({ topic, partition, task, committed, end, lag: own, partitionTime }) => {
        return [topic, partition, task, committed ?? '-', end, own, timeText(partitionTime)]
      })
      for (const line of textTable(head, rows)) print(line)
      print(`\n${lag} records in all; the group is ${report.group}`)
    }
    for (const topic of missingTopics) printError(`The topic "${topic}" does not exist.`)
    const behind = inputs.filter(input => input.lag > max)
    for (const input of behind)
      printError(`${input.topic}-${input.partition} lags ${input.lag} records, more than ${max}.`)
    return behind.length === 0 && missingTopics.length === 0 ? 0 : 1
  },
}
