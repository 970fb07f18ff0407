import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { type LogFields, StreamsBuilder, string, systemClock } from '@millrace/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { KafkaStreams } from '../app/kafka-streams.ts'

interface Line {
  readonly level: number
  readonly msg: string
  readonly err?: { readonly message: string; readonly stack: string; readonly code?: string }
}

const ERROR = 50

/** Runs an application whose operator fails at its only record, until it has stopped. */
async function runAndFail(logger: ConstructorParameters<typeof KafkaStreams>[1]['logger']): Promise<void> {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const client = memoryClient(cluster)
  const producer = client({ clientId: 'test', clock: systemClock, logger: pino({ enabled: false }) }).producer({})
  await producer.init()
  const bytes = Buffer.from('ab')
  producer.topic('in').append(0, 0, bytes, 0, 1, bytes, 1, 2, [])
  await producer.flush()
  const builder = new StreamsBuilder()
  const failing = () => {
    throw new TypeError('boom')
  }
  builder.stream('in', { key: string(), value: string() }).foreach(failing)
  const options = { applicationId: 'app', client, ...(logger !== undefined && { logger }) }
  const streams = new KafkaStreams(builder.build(), options)
  await streams.start()
  while (streams.state !== 'ERROR') await sleep(5)
  await streams.close()
}

it('a pino logger works as it is: each line is JSON with no name twice, and errors keep message and stack', async () => {
  const written: string[] = []
  await runAndFail(pino({ level: 'debug' }, { write: line => void written.push(line) }))
  const lines = written.map(line => JSON.parse(line) as Line)
  const names = (line: string) => [...line.matchAll(/[{,]"(\w+)":/g)].map(([, name]) => name)
  for (const [index, line] of written.entries()) {
    if (lines[index]!.err === undefined) expect(names(line)).toEqual([...new Set(names(line))])
    expect(line).not.toContain('"error":')
  }
  const [failure, ...others] = lines.filter(({ level, err }) => level === ERROR && err !== undefined)
  expect(others).toEqual([])
  expect(failure!.err!.code).toBe('MILLRACE_PROCESSING_FAILED')
  expect(failure!.err!.message).toContain('boom')
  expect(failure!.err!.stack).toContain('pino.test.ts')
})

it('any other logger gets errors in the field error', async () => {
  const errors: unknown[] = []
  const ignore = () => undefined
  const error = (fields: LogFields) => void errors.push(fields)
  await runAndFail({ debug: ignore, info: ignore, warn: ignore, error })
  expect(errors).toEqual([{ error: expect.objectContaining({ code: 'MILLRACE_PROCESSING_FAILED' }) as unknown }])
})
