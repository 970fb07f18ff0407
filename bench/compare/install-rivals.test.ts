import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { install, reasonOf } from './install-rivals.ts'

let directory: string
let folder: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'install-rivals-'))
  folder = join(directory, 'rival')
  await mkdir(folder)
  await writeFile(join(folder, 'main.js'), '1')
})

afterAll(() => rm(directory, { recursive: true }))

/** A line in a file for each time that it runs. */
const COUNTS = [process.execPath, '-e', "fs.appendFileSync('../runs', '1')"] as const

describe('a rival', () => {
  it('is installed once in a copy of its folder, and again when a file has changed', async () => {
    const cache = join(directory, 'once')
    const first = await install(folder, 'some', [COUNTS], cache)
    expect(await readFile(join(first, 'main.js'), 'utf8')).toBe('1')
    expect(await install(folder, 'some', [COUNTS], cache)).toBe(first)
    expect(await readFile(join(cache, 'runs'), 'utf8')).toBe('1')
    await writeFile(join(folder, 'main.js'), '2')
    expect(await install(folder, 'some', [COUNTS], cache)).not.toBe(first)
    expect(await readFile(join(cache, 'runs'), 'utf8')).toBe('11')
  })

  it('runs a program of its own folder where the path says so', async () => {
    const program = join(folder, 'program.sh')
    await writeFile(program, '#!/bin/sh\necho it > made\n', { mode: 0o755 })
    const installed = await install(folder, 'some', [['./program.sh']], join(directory, 'own'))
    expect(await readFile(join(installed, 'made'), 'utf8')).toBe('it\n')
  })

  it('that cannot be installed leaves nothing behind, and the reason is one line', async () => {
    const cache = join(directory, 'failed')
    const fails = [
      process.execPath,
      '-e',
      "console.error('WARNING: again\\n\\nERROR: no such version\\nERROR: nothing'); process.exit(1)",
    ] as const
    const error = await install(folder, 'some', [fails], cache).catch((error: unknown) => error)
    expect(reasonOf(error)).toBe('ERROR: no such version; ERROR: nothing')
    expect(await readdir(cache)).toEqual([])
  })

  it('whose command is missing says which', async () => {
    const error = await install(folder, 'some', [['no-such-command']], join(directory, 'missing')).catch(
      (error: unknown) => error,
    )
    expect(reasonOf(error)).toContain('no-such-command')
  })
})
