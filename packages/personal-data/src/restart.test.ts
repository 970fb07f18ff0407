import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { json, StreamsBuilder, string, systemClock } from '@millrace/core'
import { KafkaStreams } from '@millrace/runtime'
import { openTopics } from 'millrace'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { forgetPerson } from './forget-person.ts'
import { masterKey } from './master-key.ts'
import { FORGOTTEN, personalData } from './personal-data.ts'

interface Customer {
  readonly id: string
  readonly name: string
}

const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-personal-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('a store that is restored after the person was forgotten has no name, and no topic ever had it in plain', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  const client = memoryClient(cluster)
  const master = masterKey(randomBytes(32))

  /** A process of the application, with a disk and keys of its own. */
  async function run<T>(name: string, use: () => Promise<T>): Promise<T> {
    await using personal = personalData({ client, masterKey: master, refreshMs: 5 })
    const customer = personal.serde(json<Customer>(), { subject: ({ id }) => id, fields: ['name'] })
    const builder = new StreamsBuilder()
    const customers = builder
      .stream('customers', { key: string(), value: customer })
      .groupBy(({ id }) => `by ${id}`, { key: string(), value: customer })
      .reduce((_, next) => next, { store: { name: 'last' } })
    builder
      .stream('orders', { key: string(), value: string() })
      .join(customers, (item, { id, name: known }) => ({ id, name: known, item }))
      .to('labels', { key: string(), value: customer })
    const streams = new KafkaStreams(builder.build(), {
      applicationId: 'shop',
      client,
      processingGuarantee: 'exactly_once',
      commitIntervalMs: 20,
      stateDir: join(directory, name),
      logger: QUIET,
    })
    await streams.start()
    try {
      return await use()
    } finally {
      await streams.close()
    }
  }

  await using personal = personalData({ client, masterKey: master, refreshMs: 5 })
  const customer = personal.serde(json<Customer>(), { subject: ({ id }) => id, fields: ['name'] })
  await using topics = await openTopics(client, { logger: QUIET })
  await topics.create(...['customers', 'orders', 'labels'].map(name => ({ name, partitions: 1 })))
  const labels = async (): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = []
    const stop = AbortSignal.timeout(300)
    for await (const { value } of await topics.read('labels', { key: string(), value: customer }, { signal: stop }))
      found.push(value?.name)
    return found
  }

  await run('first', async () => {
    await topics.write('customers', { key: string(), value: customer }, [{ key: 'k', value: { id: 'a', name: 'Ada' } }])
    await expect.poll(async () => textOf(cluster, 'shop-last-changelog'), { timeout: 60_000 }).toContain('~pd1.')
    await topics.write('orders', { key: string(), value: string() }, [{ key: 'by a', value: 'pen' }])
    await expect.poll(labels, { timeout: 60_000 }).toEqual(['Ada'])
  })
  await forgetPerson({ client, subject: 'a' })
  await run('second', async () => {
    await topics.write('orders', { key: string(), value: string() }, [{ key: 'by a', value: 'ink' }])
    await expect.poll(labels, { timeout: 60_000 }).toEqual([FORGOTTEN, FORGOTTEN])
  })
  for (const topic of await topics.names()) expect(textOf(cluster, topic), topic).not.toContain('Ada')
})

function textOf(cluster: MemoryCluster, topic: string): string {
  const count = cluster.partitionCount(topic) ?? 0
  const logs = Array.from({ length: count }, (_, partition) => cluster.log({ topic, partition }))
  return logs.flatMap(log => log.batches().map(({ bytes }) => bytes.toString('latin1'))).join('')
}
