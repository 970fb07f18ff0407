import { type Logger, ManualClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { WaitingLine } from './waiting-line.ts'

it('says at once that it waits, once a minute while it does, and at once when it waits again', async () => {
  const lines: string[] = []
  const log = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${(fields as { error: Error }).error.message}`)
  }
  const logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') } as unknown as Logger
  const clock = new ManualClock()
  const line = new WaitingLine(clock, logger, 'waiting')
  for (let second = 0; second < 130; second++) {
    line.waits(new Error(String(second)))
    await clock.advance(1_000)
  }
  line.over()
  line.waits(new Error('again'))
  line.waits(new Error('still'))
  expect(lines).toEqual(['warn waiting 0', 'warn waiting 60', 'warn waiting 120', 'warn waiting again'])
})
