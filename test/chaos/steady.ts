import { setTimeout } from 'node:timers/promises'
import type { DevKafka } from '@millrace/dev-kafka'
import type { Worker } from '../processes/worker.ts'
import type { History } from './history.ts'
import { leaderRotation } from './leader-rotation.ts'
import { compareUsage, LEAST_SAMPLES, usageText, type Usage } from './usage-series.ts'

const LEADERS_EVERY_MS = 60_000
const RESTART_EVERY_MS = 5 * 60_000
/** After the leaders have moved, and before they move again. */
const RESTART_OFFSET_MS = 25_000
const AWAY_MS = 3_000

export interface SteadyLoad {
  readonly kafka: DevKafka
  readonly forMs: number
  readonly history: History
  /** Stops early. */
  readonly failed: () => boolean
}

/** While the load is steady: each minute all leaders move, each five minutes one broker is stopped in order and started again. */
export async function steadyEvents({ kafka, forMs, history, failed }: SteadyLoad): Promise<void> {
  await using leaders = await leaderRotation(kafka.brokers)
  const began = Date.now()
  const at = (ms: number) => setTimeout(Math.max(0, began + ms - Date.now()))
  for (let minute = 1; minute * LEADERS_EVERY_MS < forMs && !failed(); minute++) {
    await at(minute * LEADERS_EVERY_MS)
    history.say(`${await leaders.rotate()} partitions have another leader`)
    if ((minute * LEADERS_EVERY_MS) % RESTART_EVERY_MS !== 0) continue
    await at(minute * LEADERS_EVERY_MS + RESTART_OFFSET_MS)
    const id = kafka.brokerIds[Math.floor((minute * LEADERS_EVERY_MS) / RESTART_EVERY_MS) % kafka.brokerIds.length]!
    history.say(`stop broker ${id}`)
    await kafka.stopBroker(id)
    await setTimeout(AWAY_MS)
    await kafka.startBroker(id)
    history.say(`broker ${id} is back`)
  }
  await at(forMs)
}

/** Prints what each process used over time. @returns what has grown */
export function usageMistakes(workers: readonly Worker[], history: History): readonly string[] {
  return workers.flatMap(worker => {
    const samples = worker.messages.filter(({ type }) => type === 'usage') as unknown as readonly Usage[]
    const every = Math.max(1, Math.floor(samples.length / 30))
    samples.forEach((sample, index) => {
      if (index % every === 0) history.say(`${worker.name}, sample ${index}: ${usageText(sample)}`)
    })
    const compared = compareUsage(samples)
    if (compared === undefined) {
      history.say(`${worker.name}: ${samples.length} samples; from ${LEAST_SAMPLES} on they are compared`)
      return []
    }
    history.say(`${worker.name}, first part: ${usageText(compared.first)}`)
    history.say(`${worker.name}, last part: ${usageText(compared.last)}`)
    return compared.growth.map(growth => `${worker.name}: ${growth}`)
  })
}
