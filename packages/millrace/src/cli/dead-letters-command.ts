import { type DeadLetter, deadLetterOf, endsOfTopic, readStored, resendDeadLetters } from '@millrace/runtime'
import type { CliCommand, CommandOutput } from './cli-command.ts'
import { flag, LOOKING, namedPositionals, parsedOptions, text } from './parsed-options.ts'
import { knownSerdes, shownRecord } from './record-line.ts'
import { TARGET_OPTIONS, TARGET_USAGE, type Target, targetOf, withClient } from './target.ts'
import { timeText } from './text-table.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace dead-letters list [MODULE] [options]
millrace dead-letters resend [MODULE] [options]

Lists the records of a dead-letter topic with the error and the operator that failed, or sends them back to the partitions that they
came from, as they were. The letters stay in their topic; a record that is sent back has the header millrace.resent.

${TARGET_USAGE}
  --topic NAME                 the dead-letter topic  (default: as the application of the MODULE says)
  --id ID                      only this letter: its partition/offset as list prints it; may be given several times
  --from TOPIC                 only records that came from this topic
  --node NAME                  only records that failed in this operator
  --error TEXT                 only records whose error contains the text
  --yes                        resend: do it. Without it, resend says what it would do
  --json                       print the result as JSON

Examples:
  millrace dead-letters list app.ts --from orders
  millrace dead-letters resend app.ts --id 0/17 --yes

The exit status is 0; 1 when the topic is missing or a letter cannot be sent back; 2 for a wrong command line.
`

const OPTIONS = {
  ...TARGET_OPTIONS,
  topic: text,
  id: { type: 'string', multiple: true },
  from: text,
  node: text,
  error: text,
  yes: flag,
  ...LOOKING,
} as const

type Values = ReturnType<typeof parsedOptions<typeof OPTIONS>>['values']

export const deadLettersCommand: CliCommand = {
  summary: 'list dead letters, and send them back',
  usage: USAGE,
  subcommands: ['list', 'resend'],
  async run([subcommand, ...args], output) {
    if (subcommand !== 'list' && subcommand !== 'resend')
      throw new UsageError(
        subcommand === undefined ? 'list or resend is missing' : `"${subcommand}" is not list or resend`,
      )
    const { values, positionals } = parsedOptions(args, OPTIONS)
    const [module] = namedPositionals(positionals, '[MODULE]')
    if (subcommand === 'list' && values.yes === true) throw new UsageError('--yes is an option of resend')
    const target = await targetOf(module, values)
    const topic = values.topic ?? target.deadLetterTopic
    if (topic === undefined) throw new UsageError('--topic is missing: no module says which topic it is')
    return subcommand === 'list'
      ? await list(target, topic, values, output)
      : await resend(target, topic, values, output)
  },
}

async function list(target: Target, topic: string, values: Values, { print }: CommandOutput): Promise<number> {
  const letters = await lettersOf(target, topic, values)
  if (values.json === true) {
    for (const letter of letters) print(JSON.stringify(await letterForm(target, letter)))
    return 0
  }
  for (const letter of letters) {
    const { key, value } = await letterForm(target, letter)
    print(
      `${idOf(letter)}  ${timeText(letter.timestamp)}  ${letter.exception}${letter.resent ? '  (resent before)' : ''}`,
    )
    print(`    ${letter.message}`)
    print(`    in ${letter.node || 'an unknown operator'}, from ${originText(letter)}`)
    print(`    ${JSON.stringify(key)}  ${JSON.stringify(value)}`)
  }
  print(`${countText(letters.length)} in ${topic}`)
  return 0
}

async function resend(target: Target, topic: string, values: Values, { print }: CommandOutput): Promise<number> {
  const letters = await lettersOf(target, topic, values)
  const dryRun = values.yes !== true
  if (!dryRun) await withClient(target, client => resendDeadLetters(client, letters))
  if (values.json === true) {
    print(JSON.stringify({ topic, dryRun, letters: letters.map(letter => ({ id: idOf(letter), to: letter.origin })) }))
    return 0
  }
  for (const letter of letters) print(`${idOf(letter)}  to ${originText(letter)}`)
  print(`${countText(letters.length)} ${dryRun ? 'would be sent back; --yes does it' : 'sent back'}`)
  return 0
}

async function lettersOf(target: Target, topic: string, values: Values): Promise<readonly DeadLetter[]> {
  return await withClient(target, async client => {
    const letters: DeadLetter[] = []
    for await (const record of readStored(client, await endsOfTopic(client.admin(), topic))) {
      const letter = deadLetterOf(record)
      if (isAskedFor(letter, values)) letters.push(letter)
    }
    letters.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
    const unknown = values.id?.find(id => !letters.some(letter => idOf(letter) === id))
    if (unknown !== undefined) throw new UsageError(`there is no dead letter ${unknown} in ${topic}`)
    return letters
  })
}

function isAskedFor(letter: DeadLetter, { id, from, node, error }: Values): boolean {
  return (
    (id === undefined || id.includes(idOf(letter))) &&
    (from === undefined || letter.origin?.topic === from) &&
    (node === undefined || letter.node === node) &&
    (error === undefined || `${letter.exception} ${letter.message}`.includes(error))
  )
}

async function letterForm({ plan, applicationId }: Target, letter: DeadLetter) {
  const { origin, exception, message, node, task, cut, resent } = letter
  const topic = origin?.topic ?? letter.topic
  const { key, value, timestamp } = await shownRecord(letter, topic, knownSerdes(plan, applicationId, topic))
  return {
    id: idOf(letter),
    timestamp,
    exception,
    message,
    node,
    task,
    ...(origin !== undefined && { origin }),
    ...(cut !== undefined && { cut }),
    resent,
    key,
    value,
  }
}

function idOf({ partition, offset }: DeadLetter): string {
  return `${partition}/${offset}`
}

function originText({ origin }: DeadLetter): string {
  return origin === undefined ? 'no topic' : `${origin.topic}-${origin.partition} at ${origin.offset}`
}

function countText(count: number): string {
  return `${count} ${count === 1 ? 'dead letter' : 'dead letters'}`
}
