import { parseArgs } from 'node:util'
import type { ResetPosition } from '@millrace/runtime'
import { UsageError } from './usage-error.ts'

/** What the command line of `millrace reset` asks for. */
export interface ResetArguments {
  readonly applicationId: string
  readonly brokers: string
  readonly inputTopics: readonly string[] | undefined
  readonly intermediateTopics: readonly string[]
  readonly internalTopics: readonly string[] | undefined
  readonly to: ResetPosition | PositionFile | undefined
  /** Path of a module. */
  readonly topology: string | undefined
  readonly stateDir: string | undefined
  /** Path of a JSON file. */
  readonly commandConfig: string | undefined
  readonly force: boolean
  readonly dryRun: boolean
}

/** A file whose lines say where each partition goes. */
export interface PositionFile {
  readonly file: string
}

export const RESET_USAGE = `millrace reset --application-id ID [options]

Takes an application back to where it has processed nothing: sets the offsets of its input topics, deletes its internal topics
(repartition topics and changelogs) and its local state. Output topics stay. Stop all instances first, and try --dry-run.

  --application-id ID          of the application
  --bootstrap-server LIST      host:port,host:port  (default localhost:9092)
  --command-config FILE        JSON with more options of kafka(), such as tls and sasl
  --topology FILE              module that exports the plan, what builder.build() gave, and starts nothing: the topics are
                               then known exactly; without it internal topics are all that are called "ID-…-changelog",
                               "ID-…-repartition" and the like
  --input-topics LIST          topics whose offsets are set  (default: all of the topology)
  --intermediate-topics LIST   topics of yours that the application writes and reads: skipped to their ends
  --internal-topics LIST       of the internal topics delete only these
  --state-dir DIR              where the local state is  (default ./millrace-state)
  --force                      take members out of the group that were killed and have not timed out
  --dry-run                    say what would be done, and change nothing

Where the input begins, one of:
  --to-earliest                (default)
  --to-latest
  --to-offset N
  --to-datetime TIME           YYYY-MM-DDThh:mm:ss.sss, in UTC unless it ends in a zone
  --by-duration DURATION       PnDTnHnMnS before now
  --shift-by N                 records after what is committed, or before when N is negative
  --from-file FILE             lines of topic,partition,offset

Examples:
  millrace reset --application-id word-count --topology app.ts --dry-run
  millrace reset --application-id word-count --topology app.ts --to-datetime 2026-01-01T00:00:00.000

The exit status is 0 when it is done, or a dry run finds nothing in the way; 1 when not; 2 for a wrong command line.
`

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

/** The names are those of Kafka's own tool. */
const OPTIONS = {
  'application-id': text,
  'bootstrap-server': text,
  'command-config': text,
  topology: text,
  'input-topics': text,
  'intermediate-topics': text,
  'internal-topics': text,
  'state-dir': text,
  force: flag,
  'dry-run': flag,
  'to-earliest': flag,
  'to-latest': flag,
  'to-offset': text,
  'to-datetime': text,
  'by-duration': text,
  'shift-by': text,
  'from-file': text,
} as const

/** @throws UsageError */
export function parseResetArguments(args: readonly string[]): ResetArguments {
  const values = valuesOf(args)
  const applicationId = values['application-id']
  if (applicationId === undefined) throw new UsageError('--application-id is missing')
  const to = positionOf(values)
  const inputTopics = listOf(values['input-topics'])
  const { topology } = values
  if (to !== undefined && !isPositionFile(to) && inputTopics === undefined && topology === undefined) {
    throw new UsageError('a position needs --input-topics or --topology')
  }
  return {
    applicationId,
    brokers: values['bootstrap-server'] ?? 'localhost:9092',
    inputTopics,
    intermediateTopics: listOf(values['intermediate-topics']) ?? [],
    internalTopics: listOf(values['internal-topics']),
    to,
    topology,
    stateDir: values['state-dir'],
    commandConfig: values['command-config'],
    force: values.force ?? false,
    dryRun: values['dry-run'] ?? false,
  }
}

export function isPositionFile(to: ResetPosition | PositionFile): to is PositionFile {
  return typeof to === 'object' && 'file' in to
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: joinNegatives(args), options: OPTIONS }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** A number below zero looks like another option to the parser unless it is joined to its own. */
function joinNegatives(args: readonly string[]): string[] {
  const joined: string[] = []
  for (const arg of args) {
    if (/^-\d/.test(arg) && joined.at(-1) === '--shift-by') joined.push(`${joined.pop()!}=${arg}`)
    else joined.push(arg)
  }
  return joined
}

function positionOf(values: ReturnType<typeof valuesOf>): ResetArguments['to'] {
  const given = [
    values['to-earliest'] === true ? ('earliest' as const) : undefined,
    values['to-latest'] === true ? ('latest' as const) : undefined,
    map(values['to-offset'], value => ({ offset: whole('--to-offset', value) })),
    map(values['to-datetime'], value => ({ time: timeOf(value) })),
    map(values['by-duration'], value => ({ backMs: durationMs(value) })),
    map(values['shift-by'], value => ({ shiftBy: whole('--shift-by', value) })),
    map(values['from-file'], file => ({ file })),
  ].filter(position => position !== undefined)
  if (given.length > 1) throw new UsageError('only one position can be given')
  return given[0]
}

function map<T>(value: string | undefined, make: (value: string) => T): T | undefined {
  return value === undefined ? undefined : make(value)
}

function listOf(value: string | undefined): readonly string[] | undefined {
  return map(value, list =>
    list
      .split(',')
      .map(each => each.trim())
      .filter(each => each !== ''),
  )
}

function whole(option: string, value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new UsageError(`${option} ${value} is not a whole number`)
  return Number(value)
}

const DATETIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)?$/

function timeOf(value: string): number {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`
  const time = DATETIME.test(value) ? Date.parse(zoned) : Number.NaN
  if (Number.isNaN(time)) throw new UsageError(`--to-datetime ${value} is not of the form YYYY-MM-DDThh:mm:ss.sss`)
  return time
}

const DURATION = /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i

function durationMs(value: string): number {
  const parts = DURATION.exec(value)
  if (parts === null) throw new UsageError(`--by-duration ${value} is not of the form PnDTnHnMnS`)
  const [days, hours, minutes, seconds] = parts.slice(1).map(part => Number(part ?? 0))
  return Math.round((((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000)
}

/** Lines of `topic,partition,offset`. @throws UsageError naming the line */
export function parseOffsetLines(content: string): { topic: string; partition: number; offset: number }[] {
  const lines = content.split(/\r?\n/).filter(line => line.trim() !== '')
  return lines.map(line => {
    const parts = /^\s*"?([^",]+)"?\s*,\s*(\d+)\s*,\s*(\d+)\s*$/.exec(line)
    if (parts === null) throw new UsageError(`"${line}" is not of the form topic,partition,offset`)
    return { topic: parts[1]!.trim(), partition: Number(parts[2]), offset: Number(parts[3]) }
  })
}
