import { memoryClient } from '@millrace/client-memory'
import { type Logger, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

it.each(['producer-per-task', 'group-metadata'] as const)(
  'waits for offsets that the transaction of another producer holds, and says what it waits for (%s)',
  async transactions => {
    const app = testApplication({ in: 1 })
    const builder = new StreamsBuilder()
    builder.stream('in', { key: string(), value: string() }).to('out', { key: string(), value: string() })
    app.cluster.createTopic({ name: 'out', partitions: 1 })
    await app.send('in', [{ value: 'a' }, { value: 'b' }])
    const holder = app.client.producer({ transactionalId: 'someone', transactionTimeoutMs: 3_600_000 })
    await holder.init()
    holder.begin()
    await holder.sendOffsets([{ topic: 'in', partition: 0, offset: 1 }], {
      groupId: 'app',
      generationId: -1,
      memberId: '',
    })
    const said: string[] = []
    const warn: Logger['warn'] = (fields, message) => void said.push(`${message}: ${String(fields['error'])}`)
    const nothing = () => undefined
    const instance = await app.start(builder.build(), {
      client: memoryClient(app.cluster, { transactions }),
      processingGuarantee: 'exactly_once',
      logger: { debug: nothing, info: nothing, error: nothing, warn },
    })
    await app.run([instance], 30)
    expect(instance.ready).toBe(false)
    expect(said).toEqual([
      expect.stringMatching(/^task 0_0 cannot start yet.*MILLRACE_OFFSETS_UNSTABLE.*"app" for in-0.*"someone"/),
    ])
    await holder.commit()
    await app.run([instance], 30)
    expect(instance.tasks.map(({ processed }) => processed)).toEqual([1])
    expect(await app.committed('in')).toBe(2)
    await instance.end({ clean: true, leave: true })
    await app.client.close()
  },
)
