import { ManualClock } from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SimulatedDisk } from './simulated-disk.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const anApplication = { stateDir: '', applicationId: 'app', logger }
const opening = { directory: '0_0', stores: ['s'], logger }

/** A disk with `writes` writes: the n-th sets two keys and the offset to n. */
async function written(seed: number, writes: number, syncAfter = 0) {
  const clock = new ManualClock(1000)
  const disk = new SimulatedDisk({ clock, seed, asyncReads: false })
  const state = await disk.backend.open(opening)
  for (let n = 1; n <= writes; n++) {
    const value = Buffer.from([n])
    const changes = [{ store: 's', keys: [Buffer.from('a'), Buffer.from('b')], values: [value, value] }]
    const done = state.write(changes, [{ topic: 't', partition: 0, offset: n }])
    // The last one is still under way when the disk crashes, if it takes its time.
    if (n < writes) await clock.advance(20)
    if (n < writes) await done
    if (n === syncAfter) await state.sync()
  }
  return { clock, disk, state }
}

async function content(disk: SimulatedDisk) {
  const state = await disk.backend.open(opening)
  const [offset] = await state.offsets()
  const read = async (key: string) => (await state.store('s').get(Buffer.from(key)))?.[0]
  const found = { a: await read('a'), b: await read('b'), offset: offset?.offset }
  await state.close()
  return found
}

it('loses writes from the end only, each as a whole with its offset, and none that was synced', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(10_000), fc.integer({ min: 1, max: 20 }), fc.nat(20), async (seed, writes, sync) => {
      const synced = sync < writes ? sync : 0
      const { disk } = await written(seed, writes, synced)
      disk.crash('torn')
      const { a, b, offset } = await content(disk)
      expect([a, b]).toEqual([offset, offset])
      expect(offset ?? 0).toBeGreaterThanOrEqual(synced)
      expect(offset ?? 0).toBeLessThanOrEqual(writes)
    }),
  )
})

it('has all of a write or nothing when the process dies in the midst of it', async () => {
  const left = new Set<number | undefined>()
  for (let seed = 1; seed <= 100; seed++) {
    const { disk } = await written(seed, 3)
    disk.crash('kept')
    const { a, b, offset } = await content(disk)
    expect([a, b]).toEqual([offset, offset])
    left.add(offset)
  }
  expect(left).toEqual(new Set([2, 3]))
})

it('is corrupt until the state is moved aside, and empty then', async () => {
  const { disk } = await written(1, 3)
  disk.crash('corrupt')
  const corrupt = { code: 'MILLRACE_STORE_CORRUPT' }
  await expect(disk.backend.open(opening)).rejects.toMatchObject(corrupt)
  await expect(disk.backend.open(opening)).rejects.toMatchObject(corrupt)
  const directory = await disk.openDirectory(anApplication)
  await directory.moveAside('0_0', 'a test')
  expect(await content(disk)).toEqual({ a: undefined, b: undefined, offset: undefined })
})

it('has its directory open for one process at a time, and for the next when that one is dead', async () => {
  const { disk } = await written(1, 1)
  const first = await disk.openDirectory(anApplication)
  await first.writeTopology({ version: 1 })
  await expect(disk.openDirectory(anApplication)).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' })
  await first.close()
  const second = await disk.openDirectory(anApplication)
  expect(await second.taskNames()).toEqual(['0_0'])
  disk.crash('kept')
  const third = await disk.openDirectory(anApplication)
  expect(await third.readTopology()).toEqual({ version: 1 })
  disk.crash('lost')
  const fourth = await disk.openDirectory(anApplication)
  expect([await fourth.readTopology(), await fourth.taskNames()]).toEqual([undefined, []])
})

it('gives a process that has died no answer', async () => {
  const { disk, state } = await written(1, 2)
  disk.crash('kept')
  const before = await content(disk)
  const change = { store: 's', keys: [Buffer.from('a')], values: [Buffer.from([99])] }
  const answers: string[] = []
  void state.write([change], []).then(() => answers.push('written'))
  await new Promise(resolve => setImmediate(resolve))
  expect(answers).toEqual([])
  expect(await content(disk)).toEqual(before)
})

it('opens a store once at a time in a process, and closes what a member had that ends', async () => {
  const disk = new SimulatedDisk({ clock: new ManualClock(0), seed: 1, asyncReads: false })
  await disk.backendOf(1).open(opening)
  await expect(disk.backendOf(2).open(opening)).rejects.toMatchObject({ code: 'MILLRACE_STORE_FAILED' })
  disk.crashMember(1)
  await disk.backendOf(2).open(opening)
})
