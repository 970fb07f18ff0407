import { ManualClock } from '@millrace/core'
import { beforeEach, expect, it } from 'vitest'
import { silentLogger } from '../../observe/console-logger.ts'
import { StateCleaner } from './state-cleaner.ts'

const DELAY_MS = 600_000
const clock = new ManualClock(1_000)
let onDisk: Set<string>
let used: Set<string>
let refuses: boolean
let unreadable: boolean
let warnings: unknown[]
let cleaner: StateCleaner

beforeEach(() => {
  onDisk = new Set(['0_0', '0_1'])
  used = new Set(['0_0'])
  refuses = false
  unreadable = false
  warnings = []
  cleaner = new StateCleaner({
    directory: {
      async taskNames() {
        if (unreadable) throw new Error('EIO')
        return [...onDisk]
      },
      async deleteTaskDirectory(task) {
        if (refuses) throw new Error('busy')
        onDisk.delete(task)
      },
    },
    clock,
    logger: { ...silentLogger, warn: fields => void warnings.push(fields['error']) },
    delayMs: DELAY_MS,
    inUse: () => used,
  })
})

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 60_000) {
    await clock.advance(60_000)
    await cleaner.cleanIfDue()
  }
}

it('deletes what nobody has used for the delay, and nothing that is in use', async () => {
  await pass(DELAY_MS)
  expect(onDisk).toEqual(new Set(['0_0', '0_1']))
  await pass(60_000)
  expect(onDisk).toEqual(new Set(['0_0']))
})

it('begins to count again when a task has come back meanwhile', async () => {
  await pass(DELAY_MS / 2)
  used.add('0_1')
  await pass(60_000)
  used.delete('0_1')
  await pass(DELAY_MS)
  expect(onDisk).toEqual(new Set(['0_0', '0_1']))
  await pass(60_000)
  expect(onDisk).toEqual(new Set(['0_0']))
})

it('tries again what could not be deleted', async () => {
  refuses = true
  await pass(2 * DELAY_MS)
  expect(onDisk).toEqual(new Set(['0_0', '0_1']))
  refuses = false
  await pass(60_000)
  expect(onDisk).toEqual(new Set(['0_0']))
})

it('says that the directory cannot be listed, and tries again', async () => {
  unreadable = true
  await pass(DELAY_MS)
  expect(warnings).toHaveLength(10)
  expect(warnings[0]).toMatchObject({ message: 'EIO' })
  unreadable = false
  await pass(DELAY_MS + 60_000)
  expect(onDisk).toEqual(new Set(['0_0']))
})
