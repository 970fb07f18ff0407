import { seededRandom } from '@millrace/core'
import type { WrittenRecord } from '../../topic-io.ts'
import type { INPUTS } from './shop.ts'

type Input = (typeof INPUTS)[number]

/** What is written to the input topics before one of the three parts of a run. */
export type Part = Readonly<Record<Input, readonly WrittenRecord[]>>

const PARTS = 3
const STEPS_PER_PART = 400
const STEP_MS = 100
const PART_MS = STEPS_PER_PART * STEP_MS
const LENGTH_MS = PARTS * PART_MS
const SUPPLIERS = 6

/**
 * Three parts of a run, for topics of `partitions` partitions. With one partition some clicks and payments are late, some of
 * them too late. With more, several tasks write to one repartition topic in no fixed order, so nothing is late there.
 *
 * What an operator knows of stream time is lost at each restart, in Java too. So that an uninterrupted run is comparable,
 * each part begins with records that are later than everything before, in each partition.
 */
export function parts(seed: number, partitions: number): readonly Part[] {
  // Just over: the broker deletes what is older from changelogs of windows. Windows begin where they would at time 0.
  const start = Math.floor((Date.now() - LENGTH_MS) / 60_000) * 60_000
  const random = seededRandom(seed)
  const pick = (n: number) => Math.floor(random() * n)
  const late = partitions === 1
  return Array.from({ length: PARTS }, (_, part): Part => {
    const records: Record<Input, WrittenRecord[]> = {
      clicks: [],
      orders: [],
      payments: [],
      products: [],
      suppliers: [],
      rates: [],
    }
    const add = (topic: Input, key: string, value: string | null, timestamp: number, partition = spread(key)) => {
      const headers = pick(3) === 0 ? [{ key: 'trace', value: Buffer.from(`${part}-${pick(1000)}`) }] : []
      records[topic].push({ partition, key, value, timestamp, headers })
    }
    const spread = (key: string) => Number(/\d+$/.exec(key)?.[0] ?? 0) % partitions
    const first = start + part * PART_MS
    for (let partition = 0; partition < partitions; partition++) {
      const name = `first-of-${part}-${partition}`
      add('clicks', name, 'home', first, partition)
      // Never paid: Java looks for orders without a payment only after it has seen one since its start.
      add('orders', name, `order ${name}`, first, partition)
      add('payments', `unasked-${name}`, 'cash', first, partition)
    }
    for (let step = 1; step < STEPS_PER_PART; step++) {
      const now = first + step * STEP_MS
      const ago = (ms: number) => (late ? Math.max(first, now - ms) : now)
      // What comes late comes at a time that nothing else has, so that one order of two topics is right.
      const clicked = pick(12) === 0 ? ago(3_050) : pick(20) === 0 ? ago(16_050) : now
      // Nobody is there all the time, so that there are sessions.
      const user = (Math.floor(step / 40) + pick(4)) % 10
      if (pick(3) > 0) add('clicks', `user-${user}`, `page-${pick(5)}`, clicked)
      // Some come late, but in time for the clicks that wait for them; some change what was valid for clicks long gone.
      const since = pick(5) === 0 ? ago(1_555) + 5 : pick(20) === 0 ? ago(12_555) + 5 : now + 50
      if (pick(4) === 0) add('rates', `user-${pick(10)}`, pick(8) === 0 ? null : `rate ${pick(100)}`, since)
      const order = `order-${part}-${step}`
      if (pick(4) === 0) {
        add('orders', order, `${pick(9)} pieces`, now + 10)
        if (pick(3) > 0) add('payments', order, `card ${pick(4)}`, now + 20 + (pick(4) === 0 ? 2_000 : 0))
      }
      const product = `product-${pick(15)}`
      const row = pick(8) === 0 ? null : `supplier-${pick(SUPPLIERS)} ${pick(100)}`
      if (pick(3) === 0) add('products', product, row, now + 30)
      // In the last part they come out of order, so that the partition's time is what was committed before.
      const supplied = part === PARTS - 1 ? start + step : now + 40
      if (pick(12) === 0)
        add('suppliers', `supplier-${pick(SUPPLIERS)}`, pick(6) === 0 ? null : `name ${pick(50)}`, supplied)
    }
    // Kafka Streams leaves the result of an inner join as it was where the row's foreign key changes more than once before the
    // answers come, and there is nothing under the last one. Which answers come in time is not for us to say.
    for (let supplier = 0; supplier < SUPPLIERS; supplier++) {
      add(
        'suppliers',
        `supplier-${supplier}`,
        `name ${part}`,
        part === PARTS - 1 ? start + STEPS_PER_PART : first + PART_MS,
      )
    }
    if (part === PARTS - 1) {
      for (let partition = 0; partition < partitions; partition++) {
        // Unpaid orders must not wait any longer: when that is looked at depends on what was looked at before a restart.
        for (const later of [60_000, 120_000]) {
          add('orders', `last-${later}-${partition}`, 'order', start + LENGTH_MS + later, partition)
          add('payments', `last-unasked-${later}-${partition}`, 'cash', start + LENGTH_MS + later, partition)
        }
      }
    }
    return records
  })
}
