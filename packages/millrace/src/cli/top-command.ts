import { setTimeout as sleep } from 'node:timers/promises'
import { type ApplicationReport, inspectApplication } from '@millrace/runtime'
import type { CliCommand } from './cli-command.ts'
import { flag, LOOKING, namedPositionals, parsedOptions, text, wholeNumber } from './parsed-options.ts'
import { applicationTarget, TARGET_OPTIONS, TARGET_USAGE, withClient } from './target.ts'
import { textTable, timeText } from './text-table.ts'
import { untilSignal } from './until-signal.ts'

const USAGE = `millrace top MODULE [options]

Shows the tasks of an application live in the terminal, those with the largest lag first: owner, records a second, lag and stream time.
It asks Kafka, and the application does not notice.

${TARGET_USAGE}
  --interval SECONDS           (default 2)
  --rows N                     how many tasks, at most  (default 20)
  --once                       print it once, after one interval
  --json                       a line of JSON for each interval

Examples:
  millrace top app.ts
  millrace top app.ts --once --json | jq .lag

It ends with Ctrl-C. The exit status is 0; 1 when Kafka fails; 2 for a wrong command line.
`

const OPTIONS = { ...TARGET_OPTIONS, interval: text, rows: text, once: flag, ...LOOKING } as const
const CLEAR = '\x1b[H\x1b[2J'

export const topCommand: CliCommand = {
  summary: 'the tasks, live in the terminal',
  usage: USAGE,
  async run(args, { print, signal }) {
    const { values, positionals } = parsedOptions(args, OPTIONS)
    const [module] = namedPositionals(positionals, 'MODULE')
    const seconds = values.interval === undefined ? 2 : wholeNumber('--interval', values.interval, 1)
    const rows = values.rows === undefined ? 20 : wholeNumber('--rows', values.rows, 1)
    const target = await applicationTarget(module!, values)
    const { plan, applicationId } = target
    using stop = untilSignal()
    const ended = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
    await withClient(target, async client => {
      const admin = client.admin()
      let before = await inspectApplication({ plan, applicationId, admin })
      while (!ended.aborted) {
        await sleep(seconds * 1000, undefined, { signal: ended }).catch(() => undefined)
        if (ended.aborted) return
        const now = await inspectApplication({ plan, applicationId, admin })
        const view = topView(before, now, seconds)
        if (values.json === true) print(JSON.stringify(view))
        else print(`${values.once === true || !process.stdout.isTTY ? '' : CLEAR}${topLines(view, rows).join('\n')}`)
        before = now
        if (values.once === true) return
      }
    })
    return 0
  },
}

interface TopView {
  readonly applicationId: string
  readonly group: string
  readonly members: number
  /** Records a second. */
  readonly rate: number
  readonly lag: number
  readonly tasks: readonly {
    readonly id: string
    readonly rate: number
    readonly lag: number
    readonly streamTime: number
    readonly active: string | null
  }[]
}

/** Rates come from what was committed between two reports. */
function topView(before: ApplicationReport, now: ApplicationReport, seconds: number): TopView {
  const committedOf = ({ inputs }: ApplicationReport['tasks'][number]) =>
    inputs.reduce((sum, { committed = 0 }) => sum + committed, 0)
  const earlier = new Map(before.tasks.map(task => [task.id, committedOf(task)]))
  const tasks = now.tasks
    .map(task => {
      const { id, lag, streamTime, active = null } = task
      const committed = committedOf(task)
      return { id, rate: Math.max(0, committed - (earlier.get(id) ?? committed)) / seconds, lag, streamTime, active }
    })
    .sort((a, b) => b.lag - a.lag || b.rate - a.rate)
  return {
    applicationId: now.applicationId,
    group: now.group,
    members: now.members.length,
    rate: tasks.reduce((sum, { rate }) => sum + rate, 0),
    lag: tasks.reduce((sum, { lag }) => sum + lag, 0),
    tasks,
  }
}

function topLines({ applicationId, group, members, rate, lag, tasks }: TopView, rows: number): readonly string[] {
  const cells = tasks
    .slice(0, rows)
    .map(task => [task.id, Math.round(task.rate), task.lag, timeText(task.streamTime), task.active ?? '-'])
  return [
    `${applicationId}   group ${group}   ${members} members   ${Math.round(rate)} records/s   lag ${lag}`,
    '',
    ...textTable(['task', 'records/s', 'lag', 'stream time', 'member'], cells),
    ...(tasks.length > rows ? [`and ${tasks.length - rows} more tasks`] : []),
  ]
}
