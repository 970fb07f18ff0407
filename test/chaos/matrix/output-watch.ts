import { isMillraceError, systemClock } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { kafka } from 'millrace'

/** When each partition of the outputs got records, as a reader of committed records sees it. */
export interface OutputWatch extends AsyncDisposable {
  /** The longest time, within a span, in which a partition of the topic got nothing. Milliseconds since the epoch. */
  silence(topic: string, from: number, to: number): number
  /** Whether each partition of each topic has got something since then. */
  allSince(moment: number): boolean
}

export async function watchOutputs(
  brokers: string,
  topics: readonly string[],
  partitions: number,
): Promise<OutputWatch> {
  const client = kafka({ brokers })({ clientId: 'output-watch', clock: systemClock, logger: silentLogger })
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  const began = Date.now()
  const moments = new Map<string, number[]>()
  const all = topics.flatMap(topic => Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  for (const { topic, partition } of all) moments.set(`${topic}-${partition}`, [began])
  await consumer.assign(all.map(one => ({ ...one, offset: 0 })))
  let over = false
  const watching = (async () => {
    while (!over) {
      try {
        for (const { topic, partition, recordCount } of await consumer.poll(100)) {
          if (recordCount > 0) moments.get(`${topic}-${partition}`)!.push(Date.now())
        }
      } catch (error) {
        if (!isMillraceError(error, 'retriable')) throw error
      }
    }
  })()
  // Awaited at the end.
  watching.catch(() => undefined)
  return {
    silence(topic, from, to) {
      let longest = 0
      for (let partition = 0; partition < partitions; partition++) {
        const inside = moments.get(`${topic}-${partition}`)!.filter(moment => moment > from && moment < to)
        const edges = [from, ...inside, to]
        for (let index = 1; index < edges.length; index++)
          longest = Math.max(longest, edges[index]! - edges[index - 1]!)
      }
      return longest
    },
    allSince: moment => [...moments.values()].every(list => list.at(-1)! >= moment),
    async [Symbol.asyncDispose]() {
      over = true
      await watching
      await consumer.close()
      await client.close()
    },
  }
}
