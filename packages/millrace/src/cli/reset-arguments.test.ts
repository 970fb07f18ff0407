import { expect, it } from 'vitest'
import { parseOffsetLines, parseResetArguments, type ResetArguments } from './reset-arguments.ts'

const parse = (line: string) => parseResetArguments(['--application-id', 'app', ...line.split(' ').filter(Boolean)])

const nothing: ResetArguments = {
  applicationId: 'app',
  brokers: 'localhost:9092',
  inputTopics: undefined,
  intermediateTopics: [],
  internalTopics: undefined,
  to: undefined,
  topology: undefined,
  stateDir: undefined,
  commandConfig: undefined,
  force: false,
  dryRun: false,
}

it.each<[string, Partial<ResetArguments>]>([
  ['', {}],
  ['--dry-run --force', { dryRun: true, force: true }],
  ['--bootstrap-server a:1,b:2', { brokers: 'a:1,b:2' }],
  ['--input-topics a,b, --intermediate-topics c', { inputTopics: ['a', 'b'], intermediateTopics: ['c'] }],
  ['--internal-topics app-x-changelog', { internalTopics: ['app-x-changelog'] }],
  ['--state-dir /var/state --command-config c.json', { stateDir: '/var/state', commandConfig: 'c.json' }],
  ['--topology plan.ts --to-latest', { topology: 'plan.ts', to: 'latest' }],
  ['--from-file offsets.csv', { to: { file: 'offsets.csv' } }],
])('reads %j', (line, expected) => {
  expect(parse(line)).toEqual({ ...nothing, ...expected })
})

it.each<[string, ResetArguments['to']]>([
  ['--to-earliest', 'earliest'],
  ['--to-latest', 'latest'],
  ['--to-offset 17', { offset: 17 }],
  ['--shift-by 5', { shiftBy: 5 }],
  ['--shift-by -5', { shiftBy: -5 }],
  ['--shift-by=-5', { shiftBy: -5 }],
  ['--to-datetime 2026-01-02T03:04:05.678', { time: Date.UTC(2026, 0, 2, 3, 4, 5, 678) }],
  ['--to-datetime 2026-01-02T03:04:05+02:00', { time: Date.UTC(2026, 0, 2, 1, 4, 5) }],
  ['--by-duration P1DT2H3M4.5S', { backMs: (((24 + 2) * 60 + 3) * 60 + 4.5) * 1000 }],
  ['--by-duration PT90S', { backMs: 90_000 }],
  ['--by-duration P2D', { backMs: 172_800_000 }],
])('reads %j as a position', (line, to) => {
  expect(parse(`--input-topics t ${line}`).to).toEqual(to)
})

it.each([
  ['--to-offset 1.5 --input-topics t', '--to-offset 1.5 is not a whole number'],
  ['--shift-by x --input-topics t', '--shift-by x is not a whole number'],
  ['--to-datetime yesterday --input-topics t', 'not of the form YYYY-MM-DDThh:mm:ss.sss'],
  ['--to-datetime 2026-13-02T00:00:00 --input-topics t', 'not of the form YYYY-MM-DDThh:mm:ss.sss'],
  ['--by-duration 2D --input-topics t', 'not of the form PnDTnHnMnS'],
  ['--by-duration P --input-topics t', 'not of the form PnDTnHnMnS'],
  ['--by-duration PT --input-topics t', 'not of the form PnDTnHnMnS'],
  ['--to-earliest --to-latest --input-topics t', 'only one position'],
  ['--to-latest', 'a position needs --input-topics or --topology'],
  ['--dryrun', "Unknown option '--dryrun'"],
  ['topic', "Unexpected argument 'topic'"],
])('refuses %j: %s', (line, message) => {
  expect(() => parse(line)).toThrow(message)
})

it('wants an application', () => {
  expect(() => parseResetArguments(['--dry-run'])).toThrow('--application-id is missing')
})

it('reads lines of offsets, and names one that it cannot read', () => {
  expect(parseOffsetLines('a,0,5\r\n"b.c", 1, 7\n\n')).toEqual([
    { topic: 'a', partition: 0, offset: 5 },
    { topic: 'b.c', partition: 1, offset: 7 },
  ])
  expect(() => parseOffsetLines('a,0,5\na,0')).toThrow('"a,0" is not of the form topic,partition,offset')
})
