import { NO_HEADERS, rangeQuery, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../app/application.fixture.ts'
import type { LocalQueries } from './local-queries.ts'

const KEYS = ['a', 'b', 'c', 'd']
const TRANSACTIONS = 12

/** Every key has the value of the same transaction. */
const isWhole = (values: readonly string[]) =>
  values.length === 0 || (values.length === 4 && new Set(values).size === 1)

it('a standby shows whole transactions only, however it gets their batches', async () => {
  const app = testApplication({ in: 1 })
  const builder = new StreamsBuilder()
  builder.table('in', { key: string(), value: string(), store: 'rows' })
  const options = { processingGuarantee: 'exactly_once', numStandbyReplicas: 1 } as const
  const asked: Promise<readonly string[] | undefined>[] = []
  const ask = (queries: LocalQueries) => {
    const query = rangeQuery<string, string>()
    const answer = queries.query({ store: 'rows', query, isolation: 'committed', standbys: true, timeoutMs: 0 })
    asked.push(
      answer.then(({ partitions }) => {
        const result = partitions.get(0)!
        return result.ok && result.source === 'standby' ? result.value.map(([, value]) => value) : undefined
      }),
    )
  }
  let listening = false
  const start = (processId: string) =>
    app.start(
      builder.build(),
      { ...options, processId },
      {
        listener: {
          onStandbyBatchLoaded() {
            for (const { queries } of listening ? instances : []) if (queries !== undefined) ask(queries)
          },
        },
      },
    )
  const instances = [await start('p'), await start('q')]
  await app.run(instances, 40)
  listening = true
  const producer = app.client.producer({ transactionalId: 'writer' })
  await producer.init()
  for (let transaction = 0; transaction < TRANSACTIONS; transaction++) {
    producer.begin()
    for (const key of KEYS) {
      const bytes = Buffer.from(key)
      const value = Buffer.from(`${transaction}`)
      producer.topic('app-rows-changelog').append(0, 1, bytes, 0, 1, value, 0, value.length, NO_HEADERS)
      // A batch of its own.
      await producer.flush()
    }
    await producer.commit()
    const whole = instances.flatMap(({ queries }) => queries ?? [])
    let done = false
    const run = app.run(instances, 6).then(() => (done = true))
    while (!done) {
      for (const queries of whole) ask(queries)
      for (let turn = 0; turn < 5 && !done; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    await run
  }
  const answers = (await Promise.all(asked)).flatMap(values => (values === undefined ? [] : [values]))
  for (const instance of instances) await instance.end({ clean: true, leave: true })
  await producer.close()
  await app.client.close()
  expect(answers.filter(values => !isWhole(values))).toEqual([])
  const shown = new Set(answers.map(([first]) => first))
  expect(shown.size).toBeGreaterThan(TRANSACTIONS / 2)
})
