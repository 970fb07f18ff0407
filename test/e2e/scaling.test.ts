import { setTimeout } from 'node:timers/promises'
import { sharedKafka } from '@millrace/dev-kafka'
import { describe, expect, it } from 'vitest'
import type { Worker } from '../processes/worker.ts'
import { eventually } from '../topic-io.ts'
import { type WordCountApplication, wordCountApplication } from './word-count/application.ts'
import { zipfText } from './word-count/text.ts'

const PARTITIONS = 6
/** Of two sub-topologies: one splits lines, the other counts words. */
const TASKS = 2 * PARTITIONS
/** Against hanging only. */
const HANGS_MS = 900_000
const LIMIT_MS = 300_000
const SHARE_MS = 120_000
const STOP_MS = 120_000

/** Input that does not stop before it is told to. */
function feedAllTheTime(application: WordCountApplication) {
  let ending = false
  const feed = async () => {
    for (let seed = 1; !ending; seed++) {
      await application.feed(zipfText(500, seed).lines)
      await setTimeout(50)
    }
  }
  const fed = feed()
  return {
    async stop() {
      ending = true
      await fed
    },
  }
}

/**
 * A copy of the state that lacks more records is a warm-up, and its task moves when the group looks again. How much input has
 * flowed by then depends on the client and the machine. So the state is large from the start, and the group looks often: by
 * default, every 10 minutes.
 */
const MOVING = { acceptableRecoveryLag: 2_000, probingRebalanceIntervalMs: 1_000 }

/** Each has an equal share of the tasks. */
async function share(workers: readonly Worker[]): Promise<void> {
  const mine = TASKS / workers.length
  // Each process reports its number of tasks twice a second.
  const tasks = async () => workers.map(({ messages }) => messages.findLast(({ type }) => type === 'tasks')?.['tasks'])
  const names = workers.map(({ name }) => name).join(', ')
  await eventually(`${mine} tasks for each of ${names}`, SHARE_MS, tasks, counts => counts.every(it => it === mine))
}

async function untilStateIsLarge(application: WordCountApplication, name: string): Promise<void> {
  const records = () => application.io.ends(`${name}-counts-changelog`)
  await eventually('a large state', LIMIT_MS, records, ends => ends.every(end => end > MOVING.acceptableRecoveryLag))
}

async function stop(worker: Worker): Promise<void> {
  const { code, inTime } = await worker.stop(STOP_MS)
  expect({ name: worker.name, code, inTime }, worker.log()).toEqual({ name: worker.name, code: 0, inTime: true })
}

describe('an application that grows to three processes and shrinks to one, while input flows into six partitions', () => {
  it.each(['exactly_once', 'at_least_once'] as const)(
    '%s: nothing is lost or counted twice',
    async guarantee => {
      const { brokers } = await sharedKafka()
      const name = `scaling-${guarantee.slice(0, 2)}-${Date.now().toString(36)}`
      await using application = await wordCountApplication({
        brokers,
        guarantee,
        name,
        partitions: PARTITIONS,
        moving: MOVING,
      })
      const first = application.start('first')
      await share([first])
      const feeding = feedAllTheTime(application)
      await untilStateIsLarge(application, name)
      const [second, third] = [application.start('second'), application.start('third')]
      await share([first, second, third])
      await stop(second)
      await share([first, third])
      // One goes as another one comes.
      const fourth = application.start('fourth')
      await stop(first)
      await share([third, fourth])
      await stop(fourth)
      await share([third])
      await feeding.stop()
      await application.drained(LIMIT_MS)
      await stop(third)
      // No process died, so that nothing had to be done again under at-least-once either.
      const mistakes = await application.mistakes(await application.countsOfInput(), 'exactly_once')
      expect(mistakes, application.group.log()).toEqual([])
    },
    HANGS_MS,
  )
})
