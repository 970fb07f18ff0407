import { copyFile, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DevKafka } from '@millrace/dev-kafka'
import type { KafkaProxy } from '@millrace/testing/kafka-proxy'

/** Kafka's own topics that decide what counts. */
const OF_KAFKA = ['__consumer_offsets-', '__transaction_state-']
/** Records, producers and leader epochs; indexes say nothing new. */
const TELLING = /\.(?:log|snapshot)$|^leader-epoch-checkpoint$/

/**
 * Keeps what a run with a mistake leaves behind, in a new directory: the brokers' logs, the requests that the proxy saw, and
 * the segments of all topics whose names begin so, with those of Kafka's own, for each broker. `kafka-dump-log.sh --print-data-log
 * --files …` prints a segment.
 *
 * @returns the directory
 */
export async function keepEvidence(
  kafka: Pick<DevKafka, 'logs' | 'dataDirectories'>,
  proxy: Pick<KafkaProxy, 'requests'> | undefined,
  topics: string,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-chaos-'))
  await writeFile(join(directory, 'brokers.log'), kafka.logs())
  if (proxy !== undefined) await writeFile(join(directory, 'requests.jsonl'), jsonLines(proxy.requests()))
  const ours = [topics, ...OF_KAFKA]
  for (const [id, data] of kafka.dataDirectories) {
    for (const partition of await readdir(data)) {
      if (!ours.some(start => partition.startsWith(start))) continue
      const to = join(directory, 'segments', `broker-${id}`, partition)
      await mkdir(to, { recursive: true })
      const files = (await readdir(join(data, partition))).filter(file => TELLING.test(file))
      for (const file of files) await copyUnlessGone(join(data, partition, file), join(to, file))
    }
  }
  return directory
}

export function jsonLines(rows: readonly object[]): string {
  return rows.map(row => `${JSON.stringify(row)}\n`).join('')
}

/** A broker that runs deletes segments that are old. */
async function copyUnlessGone(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
