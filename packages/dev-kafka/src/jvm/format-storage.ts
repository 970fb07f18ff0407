import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kafkaUuid } from '../kafka-uuid.ts'

/**
 * Makes a broker's data directory as `StorageTool format` does, without its JVM start: `meta.properties`, and the
 * checkpoint that the tool wrote at installation.
 */
export async function formatStorage(
  directory: string,
  clusterId: string,
  brokerId: number,
  bootstrapCheckpoint: string,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  await copyFile(bootstrapCheckpoint, join(directory, 'bootstrap.checkpoint'))
  const meta = ['version=1', `cluster.id=${clusterId}`, `node.id=${brokerId}`, `directory.id=${kafkaUuid()}`]
  await writeFile(join(directory, 'meta.properties'), `${meta.join('\n')}\n`)
}
