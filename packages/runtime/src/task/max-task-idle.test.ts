import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from '../app/application.fixture.ts'

const texts = { key: string(), value: string() }

/** Records of `b` come a second after those of `a`, which are later. What is processed in which order. */
async function order(maxTaskIdleMs: number): Promise<readonly string[]> {
  const app = testApplication({ a: 1, b: 1 })
  const builder = new StreamsBuilder()
  const seen: string[] = []
  builder
    .stream('a', texts)
    .merge(builder.stream('b', texts))
    .foreach(value => void seen.push(value))
  const instance = await app.start(builder.build(), { maxTaskIdleMs })
  await app.run([instance], 5, 1)
  await app.send('a', [{ value: 'a at 20', timestamp: 20 }])
  await app.run([instance], 10, 100)
  await app.send('b', [{ value: 'b at 10', timestamp: 10 }])
  await app.run([instance], 100, 100)
  await instance.end({ clean: true, leave: true })
  return seen
}

it('a task waits for a partition that has run empty for as long as maxTaskIdleMs', async () => {
  expect(await order(5_000)).toEqual(['b at 10', 'a at 20'])
})

it.each([0, -1, 500])('a task does not wait for longer: maxTaskIdleMs %i', async maxTaskIdleMs => {
  expect(await order(maxTaskIdleMs)).toEqual(['a at 20', 'b at 10'])
})
