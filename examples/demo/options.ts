import { parseArgs } from 'node:util'

export interface DemoOptions {
  /** On a real Kafka, with worker processes; otherwise on one in memory, in this process. */
  readonly kafka: boolean
  /** Topics as Avro, with a registry that is started for it; otherwise as JSON. */
  readonly avro: boolean
  /** Through which client, with `kafka`. */
  readonly client: 'wire' | 'kafkajs'
  readonly workers: number
  /** Until Ctrl-C when undefined. */
  readonly seconds: number | undefined
  /** Orders written in a second. */
  readonly rate: number
  readonly seed: number
}

/** What the command line asks for: options, the help text, or the reason why it cannot be. */
export type CommandLine = { readonly options: DemoOptions } | { readonly help: string } | { readonly mistake: string }

const HELP = `Usage: npm run demo -- [options]

A shop's orders and payments, joined with its customers and counted by the minute, live.

  --kafka        on a real Kafka: the one that KAFKA_BROKERS names, else one that is started for it (Docker or Java)
  --avro         values as Avro, with the schemas of a registry that is started for it
  --client NAME  with --kafka: wire, Millrace's own client (default), or kafkajs
  --workers N    processes that do the work, with --kafka (default 2); kill one and see the others take over
  --seconds N    end after so long (default: at Ctrl-C)
  --rate N       orders written in a second (default 2000)
  --seed N       another shop (default 1)
  --help`

export function parseCommandLine(args: readonly string[]): CommandLine {
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: {
        kafka: { type: 'boolean', default: false },
        avro: { type: 'boolean', default: false },
        client: { type: 'string', default: 'wire' },
        workers: { type: 'string' },
        seconds: { type: 'string' },
        rate: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return { mistake: (error as Error).message }
  }
  if (values.help) return { help: HELP }
  const mistakes: string[] = []
  const whole = (name: 'workers' | 'seconds' | 'rate' | 'seed', least: number, most: number) => {
    const text = values[name]
    const number = Number(text)
    if (text === undefined || (/^\d+$/.test(text) && number >= least && number <= most)) return number
    mistakes.push(`--${name} is "${text}", but it has to be a whole number from ${least} to ${most}`)
    return number
  }
  const { client } = values
  if (client !== 'kafkajs' && client !== 'wire')
    mistakes.push(`--client is "${client}", but it has to be wire or kafkajs`)
  const workers = whole('workers', 1, 64)
  const seconds = whole('seconds', 1, 1_000_000)
  const rate = whole('rate', 1, 200_000)
  const seed = whole('seed', 0, 1_000_000_000)
  if (values.workers !== undefined && !values.kafka)
    mistakes.push('--workers needs --kafka: in memory there is one process')
  if (mistakes.length > 0) return { mistake: mistakes.join('\n') }
  const given = <T>(name: keyof typeof values, value: T, preset: T) => (values[name] === undefined ? preset : value)
  return {
    options: {
      kafka: values.kafka,
      avro: values.avro,
      client: client === 'kafkajs' ? 'kafkajs' : 'wire',
      workers: given('workers', workers, 2),
      seconds: given<number | undefined>('seconds', seconds, undefined),
      rate: given('rate', rate, 2000),
      seed: given('seed', seed, 1),
    },
  }
}
