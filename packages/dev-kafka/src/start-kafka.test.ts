import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startKafka } from './start-kafka.ts'

it.each([
  [{ brokers: 2 }, 'brokers: 2'],
  [{ version: '2.8' }, 'version: 2.8'],
  [{ from: 'cloud' }, 'from: cloud'],
])('refuses %j', async (options, named) => {
  await expect(startKafka(options as never)).rejects.toMatchObject({
    code: 'DEV_KAFKA_USAGE',
    message: expect.stringContaining(named),
  })
})

it('names everything that is missing where there is nothing to start a Kafka with', () => {
  const cache = mkdtempSync(join(tmpdir(), 'empty-cache-'))
  const program = `
    const { startKafka } = await import(${JSON.stringify(new URL('./start-kafka.ts', import.meta.url).href)})
    await startKafka({ from: process.argv[1] }).catch((error) => console.log(error.code + ' ' + error.message))
  `
  const bare = { PATH: cache, DEV_KAFKA_CACHE: cache }
  const said = (from: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program, from], { env: bare, encoding: 'utf8' }).stdout
  expect(said('jvm')).toMatch(/^DEV_KAFKA_UNAVAILABLE .*jvm: no java \(17 or newer\); jvm: no mvn/)
  expect(said('env')).toMatch(/^DEV_KAFKA_UNAVAILABLE .*env: KAFKA_BROKERS is not set/)
  rmSync(cache, { recursive: true })
})
