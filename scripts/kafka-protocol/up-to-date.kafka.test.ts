import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { generateFiles, PROTOCOL_FOLDER } from './generate-files.ts'
import { readProtocol } from './kafka-clients.ts'

const folder = join(fileURLToPath(new URL('../../', import.meta.url)), PROTOCOL_FOLDER)

it('the generated protocol files are what the generator makes of the schemas', async context => {
  const missing = ['java', 'mvn'].filter(program => spawnSync(program, ['-version']).error !== undefined)
  if (missing.length > 0 && process.env['CI'] !== 'true') context.skip(`it needs ${missing.join(' and ')}`)
  for (const [path, text] of await generateFiles(await readProtocol())) {
    expect(await readFile(join(folder, path), 'utf8'), path).toBe(text)
  }
})
