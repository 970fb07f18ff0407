import { StreamsBuilder, string } from '@millrace/core'
import { afterEach, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const TEXT = { key: string(), value: string() }
const drivers: TopologyTestDriver[] = []
const FORGOTTEN = { code: 'MILLRACE_DRIVER_NOT_AWAITED', message: expect.stringContaining('pipeInput') as string }

async function started() {
  const builder = new StreamsBuilder()
  builder
    .table('in', { ...TEXT, store: 'kept' })
    .toStream()
    .to('out')
  const driver = await TopologyTestDriver.create(builder.build())
  drivers.push(driver)
  return { driver, input: driver.createInputTopic('in', TEXT), output: driver.createOutputTopic('out', TEXT) }
}
type Started = Awaited<ReturnType<typeof started>>

afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close()
})

it.each<[string, (app: Started) => unknown]>([
  ['readKeyValue', ({ output }) => output.readKeyValue()],
  ['readRecordsToList', ({ output }) => output.readRecordsToList()],
  ['readKeyValuesToMap', ({ output }) => output.readKeyValuesToMap()],
  ['isEmpty', ({ output }) => output.isEmpty],
  ['the entries of a store', ({ driver }) => driver.storeEntries('kept')],
  ['a value of a store', ({ driver }) => driver.keyValueStore('kept').get('k')],
  ['restorations', ({ driver }) => driver.restorations()],
  ['producedTopicNames', ({ driver }) => driver.producedTopicNames()],
])('a pipeInput that was not awaited is reported by the next read: %s', async (_name, read) => {
  const app = await started()
  const forgotten = app.input.pipeInput('k', 'v')
  await expect((async () => await read(app))()).rejects.toMatchObject(FORGOTTEN)
  await forgotten
  await read(app)
})

it.each<[string, (app: Started) => Promise<unknown>]>([
  ['pipeRecords', ({ input }) => input.pipeRecords([{ key: 'k', value: 'v' }])],
  ['pipeKeyValues', ({ input }) => input.pipeKeyValues([['k', 'v']])],
  ['pipeValues', ({ input }) => input.pipeValues([null])],
  ['advanceWallClock', ({ driver }) => driver.advanceWallClock(1)],
  ['stepWallClock', ({ driver }) => driver.stepWallClock(1)],
  ['commit', ({ driver }) => driver.commit()],
  ['settle', ({ driver }) => driver.settle()],
  ['addInstance', ({ driver }) => driver.addInstance()],
  ['removeInstance', ({ driver }) => driver.removeInstance(0)],
])('so is any other call: %s', async (_name, call) => {
  const app = await started()
  const forgotten = call(app)
  expect(() => app.output.isEmpty).toThrow(expect.objectContaining({ code: 'MILLRACE_DRIVER_NOT_AWAITED' }))
  await forgotten
  expect(app.output.queueSize).toBeLessThan(2)
})

it('is reported by close, after the call has ended and everything is closed', async () => {
  const { driver, input, output } = await started()
  const forgotten = input.pipeInput('k', 'v')
  await expect(driver.close()).rejects.toMatchObject(FORGOTTEN)
  await forgotten
  expect(output.readKeyValue()).toEqual(['k', 'v'])
  await driver.close()
})

it('calls that are awaited together are fine', async () => {
  const { input, output } = await started()
  await Promise.all([input.pipeInput('a', '1'), input.pipeInput('b', '2')])
  expect(output.queueSize).toBe(2)
})
