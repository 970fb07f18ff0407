import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { KeptResults } from './kept-results.ts'

const cell = (failed: number) => ({ tally: { passed: 3, failed, skipped: [] }, seconds: 1 })

async function newFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'client-versions-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'results.json')
}

it('keeps what passed for the next run of the same commit', async () => {
  const file = await newFile()
  const first = await KeptResults.open(file, 'a1')
  await first.add(cell(0), '3.9', '1', 'wire', 'e2e')
  await first.add(cell(2), '3.9', '3', 'wire', 'e2e')
  const second = await KeptResults.open(file, 'a1')
  expect(second.get('3.9', '1', 'wire', 'e2e')).toEqual(cell(0))
  expect(second.get('3.9', '3', 'wire', 'e2e'), 'what failed is run again').toBeUndefined()
  expect(second.get('4.1', '1', 'wire', 'e2e')).toBeUndefined()
  expect((await KeptResults.open(file, 'b2')).get('3.9', '1', 'wire', 'e2e'), 'another commit').toBeUndefined()
})

it('refuses a file that is something else, and keeps nothing without one', async () => {
  const file = await newFile()
  await writeFile(file, 'not JSON')
  await expect(KeptResults.open(file, 'a1')).rejects.toThrow(`${file} is not a file of results`)
  const none = await KeptResults.open(undefined, 'a1')
  await none.add(cell(0), '3.9', '1', 'wire', 'e2e')
  expect(none.get('3.9', '1', 'wire', 'e2e')).toEqual(cell(0))
})
