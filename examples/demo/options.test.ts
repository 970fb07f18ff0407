import { expect, it } from 'vitest'
import { parseCommandLine } from './options.ts'

it('has a default for everything', () => {
  expect(parseCommandLine([])).toEqual({
    options: { kafka: false, avro: false, client: 'wire', workers: 2, seconds: undefined, rate: 2000, seed: 1 },
  })
})

it('takes what is given', () => {
  const line = [
    '--kafka',
    '--avro',
    '--client',
    'kafkajs',
    '--workers',
    '3',
    '--seconds=5',
    '--rate',
    '100',
    '--seed',
    '0',
  ]
  expect(parseCommandLine(line)).toEqual({
    options: { kafka: true, avro: true, client: 'kafkajs', workers: 3, seconds: 5, rate: 100, seed: 0 },
  })
  expect(parseCommandLine(['--help'])).toEqual({ help: expect.stringContaining('--seconds N') })
})

it.each([
  [['--fast'], /'--fast'/],
  [['now'], /'now'/],
  [['--seconds'], /--seconds/],
  [['--seconds', 'ten'], /--seconds is "ten".* from 1 to/],
  [['--kafka', '--workers', '0'], /--workers is "0".* from 1 to 64/],
  [['--rate', '1.5'], /--rate is "1.5"/],
  [['--kafka', '--client', 'java'], /--client is "java".* wire or kafkajs/],
  [['--workers', '2'], /needs --kafka/],
])('says what is wrong with %j', (line, mistake) => {
  expect(parseCommandLine(line)).toEqual({ mistake: expect.stringMatching(mistake) })
})
