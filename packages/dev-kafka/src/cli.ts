#!/usr/bin/env node
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { DevKafkaError } from './dev-kafka-error.ts'
import type { StartKafkaOptions } from './dev-kafka.ts'
import { startKafka } from './start-kafka.ts'

const USAGE = `Starts a Kafka and keeps it running until Ctrl-C.

  dev-kafka [--brokers 1|3] [--version 3.9|4.1|4.3|4.4] [--port N] [--from auto|env|docker|jvm]
            [--config name=value]... [--tuning start|throughput]

Prints the bootstrap address, alone on a line of stdout, as soon as it serves; everything else goes to stderr.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      brokers: { type: 'string' },
      version: { type: 'string' },
      port: { type: 'string' },
      from: { type: 'string' },
      config: { type: 'string', multiple: true },
      tuning: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return void process.stdout.write(USAGE)
  // What the types cannot promise here is checked where the options are resolved.
  const options = {
    ...(values.brokers === undefined ? {} : { brokers: Number(values.brokers) }),
    ...(values.version === undefined ? {} : { version: values.version }),
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values.from === undefined ? {} : { from: values.from }),
    ...(values.tuning === undefined ? {} : { tuning: values.tuning }),
    config: Object.fromEntries((values.config ?? []).map(splitSetting)),
    log: (line: string) => void process.stderr.write(`${line}\n`),
  } as StartKafkaOptions
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await using kafka = await startKafka(options)
  process.stderr.write(`Kafka ${kafka.version} (${kafka.source}) serves; Ctrl-C ends it\n`)
  process.stdout.write(`${kafka.brokers}\n`)
  const awake = setInterval(() => {}, 1 << 30)
  await ended
  clearInterval(awake)
}

function splitSetting(setting: string): [name: string, value: string] {
  const equals = setting.indexOf('=')
  return equals === -1 ? [setting, ''] : [setting.slice(0, equals), setting.slice(equals + 1)]
}

try {
  await main()
} catch (error) {
  const shown = error instanceof DevKafkaError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(shown ? `${(error as Error).message}\n` : `${String((error as Error).stack)}\n`)
  process.exitCode = 1
}
