import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** Runs an example as its reader does, on the Kafka in memory. */
async function linesOf(example: string): Promise<string[]> {
  const { KAFKA_BROKERS: _, ...env } = process.env
  const path = fileURLToPath(new URL(example, import.meta.url))
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--conditions=millrace-source', path], { env, timeout: 60_000 })
  return stdout.trim().split('\n')
}

it('01 counts words', { timeout: 60_000 }, async () => {
  const lines = await linesOf('01-word-count.ts')
  expect(lines).toHaveLength(34)
  expect(lines).toEqual(expect.arrayContaining(['to: 4', 'be: 2', 'the: 3', 'of: 2', 'troubles: 1']))
})

it('02 enriches orders', { timeout: 60_000 }, async () => {
  const lines = await linesOf('02-enrich-orders.ts')
  expect(lines.sort()).toEqual([
    'c1 Ada in FR: cake for 3.25',
    'c1 Ada in FR: tea for 4.5',
    'c2 Emmy in DE: coffee for 6',
  ])
})

it('09 tells of alerts that begin and end', { timeout: 60_000 }, async () => {
  const [first, last, ...more] = await linesOf('09-alerts.ts')
  expect(first).toMatch(/^ALERT boiler: too hot [34] times in a row$/)
  expect([last, ...more]).toEqual(['boiler is cool again'])
})

it('03 counts views by the minute', { timeout: 60_000 }, async () => {
  expect(await linesOf('03-page-views-per-minute.ts')).toEqual([
    'minute 1: home 1',
    'minute 1: home 2',
    'minute 1: cart 1',
    'minute 2: home 1',
    'minute 1: cart 2',
    'minute 2: cart 1',
    'minute 2: home 2',
  ])
})
