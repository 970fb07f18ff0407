import { inspectApplication } from '@millrace/runtime'
import type { CliCommand } from './cli-command.ts'
import { LOOKING, namedPositionals, parsedOptions } from './parsed-options.ts'
import { applicationTarget, TARGET_OPTIONS, TARGET_USAGE, withClient } from './target.ts'
import { textTable, timeText } from './text-table.ts'

const USAGE = `millrace tasks MODULE [options]

Prints the tasks of an application, which member of its group has each, and where copies of their state are.

${TARGET_USAGE}
  --json                       print the result as JSON

Examples:
  millrace tasks app.ts
  millrace tasks app.ts --json | jq '.tasks[] | select(.active == null)'

The exit status is 0; 1 when tasks have no owner while the group is stable, or Kafka fails; 2 for a wrong command line.
`

export const tasksCommand: CliCommand = {
  summary: 'which task is where',
  usage: USAGE,
  async run(args, { print, printError }) {
    const { values, positionals } = parsedOptions(args, { ...TARGET_OPTIONS, ...LOOKING })
    const [module] = namedPositionals(positionals, 'MODULE')
    const target = await applicationTarget(module!, values)
    const { plan, applicationId } = target
    const report = await withClient(target, client =>
      inspectApplication({ plan, applicationId, admin: client.admin() }),
    )
    const { tasks, members, group } = report
    if (values.json === true) {
      print(JSON.stringify({ ...report, tasks: tasks.map(({ active = null, ...task }) => ({ ...task, active })) }))
    } else {
      const head = ['task', 'lag', 'stream time', 'changelog records', 'active', 'standby']
      const rows = tasks.map(({ id, lag, streamTime, changelogRecords, active, standby }) => {
        return [id, lag, timeText(streamTime), changelogRecords, active ?? '-', standby.join(' ') || '-']
      })
      for (const line of textTable(head, rows)) print(line)
      print(`\n${tasks.length} tasks, ${members.length} members; the group is ${group}`)
    }
    const lost = group === 'stable' ? tasks.filter(({ active }) => active === undefined) : []
    if (lost.length > 0) printError(`No member has ${lost.map(({ id }) => id).join(', ')}.`)
    return lost.length === 0 ? 0 : 1
  },
}
