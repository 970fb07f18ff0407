import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startKafka } from '@millrace/dev-kafka'
import { openTopics } from 'millrace'
import { expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'

const MAIN = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url))

it('the demo runs on Kafka with two workers, accounts for every record, and leaves nothing behind', async () => {
  await using kafka = await startKafka()
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=millrace-source', MAIN, '--kafka', '--workers', '2', '--seconds', '3', '--rate', '300'],
    { env: { ...process.env, KAFKA_BROKERS: kafka.brokers }, timeout: 450_000 },
  )
  expect(stdout).toContain('2 workers, exactly once')
  expect(stdout).toContain('every record is accounted for')
  // Both workers had their share: each was started once, and neither was missed.
  expect(stdout.match(/worker \d is process \d+/g)).toHaveLength(2)

  await using topics = await openTopics(clientUnderTest(kafka.brokers))
  expect((await topics.names()).filter(name => name.startsWith('millrace-demo-'))).toEqual([])
})
