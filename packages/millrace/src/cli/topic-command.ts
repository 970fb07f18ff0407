import { setTimeout as sleep } from 'node:timers/promises'
import { type KafkaClient, type Serde, string } from '@millrace/core'
import { fromJsonForm } from '@millrace/query-client'
import { endsOfTopic, readStored, type StoredRange } from '@millrace/runtime'
import { openTopics, type RecordToWrite } from '../topics.ts'
import type { CliCommand, CommandOutput } from './cli-command.ts'
import { flag, LOOKING, namedPositionals, parsedOptions, text, wholeNumber } from './parsed-options.ts'
import { knownSerdes, recordLine, shownRecord } from './record-line.ts'
import { TARGET_OPTIONS, TARGET_USAGE, targetOf, withClient } from './target.ts'
import { untilSignal } from './until-signal.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace topic read TOPIC [MODULE] [options]
millrace topic write TOPIC [MODULE] [options]

Reads the latest records of a topic, or writes records to it, with the serdes that the topology of the MODULE has for it. Without a
MODULE, and for other topics, keys and values are text. Values that JSON has no word for have the form of the query server, as
{"$bigint":"12"}.

${TARGET_USAGE}

read:
  --last N                     how many records of each partition, at most  (default 10)
  --all                        all records
  --partition N                only this partition
  --follow                     go on with what arrives, until Ctrl-C
  --max N                      end after N records
  --json                       a line of JSON for each record

write takes one record, or lines of JSON such as {"key":"a","value":1} from the standard input:
  --key TEXT                   its key  (default: none)
  --value TEXT                 its value
  --as FORM                    how both are written: text or json  (default text)
  --json                       print the positions as JSON

Examples:
  millrace topic read word-counts app.ts --last 5
  millrace topic write lines app.ts --value 'to be or not to be'
  millrace topic read orders app.ts --all --json | millrace topic write copy

The exit status is 0; 1 when the topic is missing or a record cannot be written; 2 for a wrong command line.
`

const READ = { ...TARGET_OPTIONS, last: text, all: flag, partition: text, follow: flag, max: text, ...LOOKING } as const
const WRITE = { ...TARGET_OPTIONS, key: text, value: text, as: text, ...LOOKING } as const
const FOLLOW_MS = 300

export const topicCommand: CliCommand = {
  summary: 'read or write records of a topic',
  usage: USAGE,
  subcommands: ['read', 'write'],
  async run([subcommand, ...args], output) {
    if (subcommand === 'read') return await readTopic(args, output)
    if (subcommand === 'write') return await writeTopic(args, output)
    throw new UsageError(subcommand === undefined ? 'read or write is missing' : `"${subcommand}" is not read or write`)
  },
}

async function readTopic(args: readonly string[], { print, signal }: CommandOutput): Promise<number> {
  const { values, positionals } = parsedOptions(args, READ)
  const [topic, module] = namedPositionals(positionals, 'TOPIC', '[MODULE]')
  const last = values.all === true ? Number.POSITIVE_INFINITY : wholeNumber('--last', values.last ?? '10')
  const only = values.partition === undefined ? undefined : wholeNumber('--partition', values.partition)
  const max = values.max === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--max', values.max, 1)
  const target = await targetOf(module, values)
  const serdes = knownSerdes(target.plan, target.applicationId, topic!)
  using stop = untilSignal()
  const ended = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  await withClient(target, async client => {
    let printed = 0
    for await (const record of records(client, topic!, { last, only, follow: values.follow === true, signal: ended })) {
      const shown = await shownRecord(record, topic!, serdes)
      print(values.json === true ? JSON.stringify(shown) : recordLine(shown))
      if (++printed >= max) return
    }
  })
  return 0
}

async function* records(
  client: KafkaClient,
  topic: string,
  options: { readonly last: number; readonly only: number | undefined; follow: boolean; readonly signal: AbortSignal },
) {
  const { last, only, follow, signal } = options
  const admin = client.admin()
  const ranges = (await endsOfTopic(admin, topic)).filter(({ partition }) => only === undefined || partition === only)
  if (ranges.length === 0) throw new UsageError(`"${topic}" has no partition ${only}`)
  let due: readonly StoredRange[] = ranges.map(range => ({ ...range, from: Math.max(range.from, range.to - last) }))
  for (;;) {
    yield* readStored(client, due, { signal })
    if (!follow || signal.aborted) return
    await sleep(FOLLOW_MS, undefined, { signal }).catch(() => undefined)
    const before = new Map(due.map(({ partition, to }) => [partition, to]))
    due = (await admin.latestOffsets(ranges)).map(({ partition, offset }) => {
      return { topic, partition, from: before.get(partition) ?? offset, to: offset }
    })
  }
}

async function writeTopic(args: readonly string[], { print, input }: CommandOutput): Promise<number> {
  const { values, positionals } = parsedOptions(args, WRITE)
  const [topic, module] = namedPositionals(positionals, 'TOPIC', '[MODULE]')
  const { as = 'text', key, value } = values
  if (as !== 'text' && as !== 'json') throw new UsageError(`--as ${as} is not text or json`)
  const one = key !== undefined || value !== undefined
  if (!one && input === undefined) throw new UsageError('--value is missing')
  const target = await targetOf(module, values)
  const known = knownSerdes(target.plan, target.applicationId, topic!)
  const serdes = known ?? { key: anyText, value: anyText }
  const given = (part: string | undefined) =>
    part === undefined ? null : as === 'json' ? fromJsonForm(parsedLine(part)) : part
  await using topics = await openTopics(target.factory)
  const records = one ? [{ key: given(key), value: given(value) }] : await recordsOf(input!)
  const position = await topics.write(topic!, serdes, records)
  if (values.json === true) print(JSON.stringify({ written: records.length, position }))
  else print(`${records.length} ${records.length === 1 ? 'record' : 'records'} written to ${topic}`)
  return 0
}

/** A topic without a serde of the topology: text as it is, and everything else as JSON. */
const anyText: Serde<unknown> = {
  ...(string() as Serde<unknown>),
  serialize: (value, topic) => string().serialize(typeof value === 'string' ? value : JSON.stringify(value), topic),
}

async function recordsOf(input: AsyncIterable<string>): Promise<readonly RecordToWrite<unknown, unknown>[]> {
  const records: RecordToWrite<unknown, unknown>[] = []
  let line = 0
  for await (const content of input) {
    line++
    if (content.trim() === '') continue
    const parsed = parsedLine(content, line) as Partial<RecordToWrite<unknown, unknown>> | null
    if (typeof parsed !== 'object' || parsed === null || !('value' in parsed))
      throw new UsageError(`line ${line} is no record: {"key":…,"value":…} is expected`)
    const { key = null, value, timestamp } = parsed
    records.push({
      key: fromJsonForm(key),
      value: fromJsonForm(value),
      ...(timestamp !== undefined && { timestamp }),
    })
  }
  return records
}

function parsedLine(content: string, line?: number): unknown {
  try {
    return JSON.parse(content) as unknown
  } catch (error) {
    const where = line === undefined ? `"${content}"` : `line ${line}`
    throw new UsageError(`${where} is not JSON`, { cause: error })
  }
}
