import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateFiles, PROTOCOL_FOLDER } from './kafka-protocol/generate-files.ts'
import { readProtocol } from './kafka-protocol/kafka-clients.ts'

const folder = join(fileURLToPath(new URL('../', import.meta.url)), PROTOCOL_FOLDER)
const files = await generateFiles(await readProtocol())
for (const [path, text] of files) {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}
console.log(`${files.size} files in ${PROTOCOL_FOLDER}`)
