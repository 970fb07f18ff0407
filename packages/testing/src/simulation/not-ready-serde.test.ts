import { seededRandom, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { LabelService, labelled } from '../driver/label-serde.fixture.ts'
import { simulate } from './simulate.ts'

/*
 * Serdes that wait for a service which is slow, fails and comes back, and that forget what they have fetched, while processes are
 * killed and disks are lost.
 */

const seeds = Array.from({ length: 6 }, (_, index) => index + 1)
const input = Array.from({ length: 20 }, (_, n) => ({ topic: 'lines', key: `k${n % 5}`, value: `v${n}` }))

it.each(seeds)('no record is lost or doubled (seed %i)', async seed => {
  const random = seededRandom(seed)
  const service = new LabelService()
  service.delay = 1 + Math.floor(random() * 50)
  // The number of restarts is limited, because a transaction must end at some point.
  let restarts = 12
  const unreliable = () => {
    if (restarts === 0 || random() > 0.05) return false
    restarts -= 1
    service.failures += Math.floor(random() * 4)
    return true
  }
  const text = labelled(service, { prepares: seed % 2 === 0, forgets: unreliable })
  const builder = new StreamsBuilder()
  builder
    .stream('lines', { key: string(), value: string() })
    .groupBy((value, key) => `${key} ${value.length}`, { key: string(), value: text })
    .reduce((all, value) => `${all} ${value}`, { store: { name: 'all' } })
    .toStream()
    .to('out', { key: string(), value: string() })
  const { violations, history } = await simulate(builder.build(), {
    seed,
    guarantee: 'exactly_once',
    input,
    shrink: false,
  })
  expect(violations, history.join('\n')).toEqual([])
  expect(service.requests).toBeGreaterThan(0)
})
