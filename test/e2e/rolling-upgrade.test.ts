import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { sharedKafka } from '@millrace/dev-kafka'
import { KafkaStreams, long, type Plan, rocksdb, silentLogger, StreamsBuilder, string } from 'millrace'
import { expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, topicIo } from '../topic-io.ts'

const LIMIT_MS = 60_000
const PARTITIONS = 2
const KEYS = ['a', 'b', 'c', 'd']
const texts = { key: string(), value: string() }

it('one version is replaced by another, whose tasks have other numbers, while input comes: every count is exact', async () => {
  const { brokers } = await sharedKafka()
  await using io = topicIo(clientUnderTest(brokers))
  const name = `rolling-${Date.now().toString(36)}`
  const [input, other, output] = [`${name}-in`, `${name}-other`, `${name}-out`]
  for (const topic of [input, other, output]) await io.createTopic(topic, PARTITIONS)
  const root = await mkdtemp(join(tmpdir(), 'millrace-'))

  const counting = (more: (b: StreamsBuilder) => void): Plan => {
    const builder = new StreamsBuilder()
    more(builder)
    builder
      .stream(input, texts)
      .groupByKey()
      .count({ store: 'counts' })
      .toStream()
      .to(output, { key: string(), value: long() })
    return builder.build()
  }
  const version1 = counting(() => undefined)
  const version2 = counting(b => b.stream(other, texts).groupByKey().count({ store: 'others' }))
  const started: KafkaStreams[] = []
  const start = async (processId: string, plan: Plan) => {
    const streams = new KafkaStreams(plan, {
      ...{ applicationId: name, processId, client: clientUnderTest(brokers), logger: silentLogger },
      ...{ store: rocksdb(), stateDir: join(root, processId), processingGuarantee: 'exactly_once', caching: 'off' },
    })
    started.push(streams)
    await streams.start()
    return streams
  }
  let sent = 0
  const feeding = new AbortController()
  const fed = (async () => {
    for (; !feeding.signal.aborted; sent++) {
      const timestamp = Date.now()
      await io.produce(
        input,
        KEYS.map((key, n) => ({ partition: n % PARTITIONS, key, value: 'x', timestamp })),
      )
      await setTimeout(20)
    }
  })()
  try {
    const [a, b] = await Promise.all([start('a', version1), start('b', version1)])
    const shares = async () => [a.tasks().length, b.tasks().length]
    await eventually('a share for each', LIMIT_MS, shares, ([one, two]) => one === 1 && two === 1)
    const c = await start('c', version2)
    await b.close()
    const d = await start('d', version2)
    await a.close()
    const taken = async () => [...c.tasks(), ...d.tasks()].map(({ id }) => id).toSorted((x, y) => (x < y ? -1 : 1))
    const all = ['0_0', '0_1', '1_0', '1_1']
    await eventually('the new version has all tasks', LIMIT_MS, taken, ids => ids.join() === all.join())
    feeding.abort()
    await fed
    const committed = () => io.committed(name, input)
    const everything = (sent * KEYS.length) / PARTITIONS
    await eventually('the input', LIMIT_MS, committed, offsets => offsets.every(offset => offset === everything))
    await Promise.all(started.map(streams => streams.close()))
    const counts = new Map<string, number[]>(KEYS.map(key => [key, []]))
    for (const { key, value } of await io.readAll(output)) {
      counts.get(String(key))!.push(Number(value!.readBigInt64BE()))
    }
    const exact = Array.from({ length: sent }, (_, n) => n + 1)
    expect([...counts]).toEqual(KEYS.map(key => [key, exact]))
  } finally {
    feeding.abort()
    await fed
    await Promise.all(started.map(streams => streams.close()))
    await rm(root, { recursive: true, force: true })
  }
})
