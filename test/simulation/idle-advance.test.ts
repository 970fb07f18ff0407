import {
  joinWindows,
  json,
  type LateRecord,
  long,
  StreamsBuilder,
  string,
  timeWindowed,
  tumbling,
} from '@millrace/core'
import { simulate, SIMULATION_START_MS, type SimulatedRun } from '@millrace/testing'
import { expect, it } from 'vitest'
import { seeds } from './seeds.ts'

const SIZE_MS = 5000
/** Stream time that was advanced while idle is not kept: a task that moves at the end advances it again, from its last record. */
const IDLE = { idleAdvanceMs: 700, quietMs: 120_000, clockSteps: false }
const SEEDS = seeds(15)
const texts = { key: string(), value: string() }
const windowedKey = timeWindowed(string(), { sizeMs: SIZE_MS })

/** Sent in bursts, with times of their own: while nothing comes, stream time passes that of some. */
const input = Array.from({ length: 120 }, (_, n) => ({
  topic: 'clicks',
  key: `k${n % 7}`,
  value: `${n}`,
  timestamp: SIMULATION_START_MS + n * 500,
}))

function finalCounts(how: 'on-close' | 'suppressed') {
  const builder = new StreamsBuilder()
  const windows = tumbling({ sizeMs: SIZE_MS, graceMs: 2000 })
  const windowed = builder
    .stream('clicks', texts)
    .groupByKey()
    .windowedBy(windows, {
      emitStrategy: how === 'on-close' ? 'on-close' : 'on-update',
      onLate: late => late.to('late', { value: json() }),
    })
  // Kept for longer than Kafka Streams does: a window that has expired before it is looked at is never emitted.
  const counts = windowed.count({ store: { name: 'counts', retentionMs: 600_000 } })
  const final = how === 'on-close' ? counts : counts.suppress({ until: 'window-closes', name: 'final' })
  final.toStream().to('counts', { key: windowedKey, value: long() })
  return builder.build()
}

/** Each record is in the one count of its window or came late, whatever happened; and no window is left open at the end. */
function countsOfAll(run: SimulatedRun): readonly string[] {
  const counted = new Map<string, number>()
  const wrong: string[] = []
  for (const { key, value } of run.output('counts')) {
    const { key: inner, window } = key as ReturnType<(typeof windowedKey)['deserialize']>
    const place = `${inner}@${window.start}`
    if (counted.has(place) && run.guarantee === 'exactly_once') wrong.push(`${place} is final twice`)
    counted.set(place, Math.max(Number(value), counted.get(place) ?? 0))
  }
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0)
  const late = run.output('late').map(({ value }) => (value as LateRecord<string>).value)
  const all = total + late.length
  if (run.guarantee === 'exactly_once' ? all !== run.input.length : all < run.input.length) {
    wrong.push(`${total} were counted and ${late.length} late, of ${run.input.length}`)
  }
  return wrong
}

it.each(['on-close', 'suppressed'] as const)(
  'closes windows while nothing comes, each once, and loses no record: %s',
  async how => {
    let late = 0
    for (const seed of SEEDS) {
      const oracle = (run: SimulatedRun) => {
        late += run.output('late').length
        return countsOfAll(run)
      }
      const { violations, history } = await simulate(finalCounts(how), { seed, input, oracle, shrink: false, ...IDLE })
      expect(violations, `seed ${seed}\n${history.join('\n')}`).toEqual([])
    }
    expect(late, 'of records that were too late for a window').toBeGreaterThan(0)
  },
)

it('joins each record that has found no partner with nothing, once', async () => {
  const builder = new StreamsBuilder()
  const windows = joinWindows({ timeDifferenceMs: 3000, graceMs: 20_000 })
  builder
    .stream('clicks', texts)
    .leftJoin(builder.stream('nothing', texts), (click, other) => `${click} ${other}`, { windows })
    .to('out', texts)
  const plan = builder.build()
  for (const seed of SEEDS) {
    const oracle = ({ input: counts, output, guarantee }: SimulatedRun) => {
      const found = output('out').map(({ value }) => String(value))
      const missing = counts
        .filter(({ value }) => !found.includes(`${String(value)} null`))
        .map(({ value }) => `${String(value)} is missing`)
      const twice = guarantee === 'exactly_once' && new Set(found).size < found.length ? ['something came twice'] : []
      return [...missing, ...twice]
    }
    const options = { seed, input, oracle, shrink: false, idleAdvanceMs: 700, quietMs: 120_000, clockSteps: false }
    const { violations, history } = await simulate(plan, options)
    expect(violations, `seed ${seed}\n${history.join('\n')}`).toEqual([])
  }
})
