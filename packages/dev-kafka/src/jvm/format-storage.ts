import { cp, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { kafkaUuid } from '../kafka-uuid.ts'

/** Of one broker: it is written again. */
const META = 'meta.properties'

/**
 * Makes a broker's data directory as `StorageTool format` does, without its JVM start: `meta.properties`, and the
 * checkpoint that the tool wrote at installation, which since Kafka 4.4 lies in the folder of the metadata log.
 */
export async function formatStorage(
  directory: string,
  clusterId: string,
  brokerId: number,
  formatted: string,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  await cp(formatted, directory, { recursive: true, filter: path => basename(path) !== META })
  const meta = ['version=1', `cluster.id=${clusterId}`, `node.id=${brokerId}`, `directory.id=${kafkaUuid()}`]
  await writeFile(join(directory, META), `${meta.join('\n')}\n`)
}
