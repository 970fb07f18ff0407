import { rocksdb, StreamsBuilder, string } from 'millrace'
import { expect, it } from 'vitest'
import { eventually } from '../topic-io.ts'
import { type MemoryApps, memoryApps } from './memory-app.ts'

const texts = { key: string(), value: string() }

/** The count whose generated name holds the number of operators in front of it. */
function counts(operatorsInFront: number) {
  const builder = new StreamsBuilder()
  let lines = builder.stream('lines', texts)
  for (let each = 0; each < operatorsInFront; each++) lines = lines.filter(() => true)
  lines.groupByKey().count().toStream().to('out')
  return builder.build()
}

async function started(apps: MemoryApps, plan: ReturnType<typeof counts>, onTopologyChange?: 'accept') {
  const app = apps.app(plan, { store: rocksdb(), ...(onTopologyChange === undefined ? {} : { onTopologyChange }) })
  await app.start()
  await app.close()
}

it('refuses to start where a generated name has moved away from its state, unless that is accepted', async () => {
  await using apps = await memoryApps()
  for (const topic of ['lines', 'out']) await apps.io.createTopic(topic, 1)
  await started(apps, counts(0))
  await started(apps, counts(0))
  await expect(started(apps, counts(1))).rejects.toMatchObject({
    code: 'MILLRACE_TOPOLOGY_INCOMPATIBLE',
    message: expect.stringContaining(
      'store "KSTREAM-AGGREGATE-STATE-STORE-0000000001" is now called "KSTREAM-AGGREGATE-STATE-STORE-0000000002"',
    ),
    hint: expect.stringContaining('onTopologyChange'),
  })
  await started(apps, counts(0))
  await started(apps, counts(1), 'accept')
  await eventually(
    'the warning',
    1_000,
    async () => apps.lines.filter(({ message }) => message.includes('some state is no longer used')),
    lines => lines.length === 1,
  )
  await started(apps, counts(1))
})
