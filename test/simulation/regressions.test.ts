import { replay, type SimulationCase } from '@millrace/testing'
import { expect, it } from 'vitest'
import { SCENARIOS } from './scenarios.ts'
import { wrongOutput } from './simulation.ts'

const lines = (...values: readonly string[]) =>
  values.map((value, index) => ({
    topic: 'lines',
    key: `line-${index + 2}`,
    value,
    timestamp: 1_700_000_000_002 + index,
    atMs: 0,
    fails: 0,
    slowMs: 0,
  }))

/** A record for each partition; the function that sees the first takes so long. */
const atOnce = (atMs: number, slowMs: number) =>
  ['grain', 'stone', 'mill'].map((value, index) => ({
    topic: 'lines',
    key: value,
    value,
    timestamp: 1_700_000_000_002 + atMs + index,
    atMs,
    fails: 0,
    slowMs: index === 0 ? slowMs : 0,
  }))

/** A record of one word each 100 ms. */
const everyTenth = (fromMs: number, untilMs: number) =>
  Array.from({ length: (untilMs - fromMs) / 100 }, (_, index) => ({
    topic: 'lines',
    key: 'line',
    value: 'grain',
    timestamp: 1_700_000_000_000 + fromMs + 100 * index,
    atMs: fromMs + 100 * index,
    fails: 0,
    slowMs: 0,
  }))

/** Runs that have failed once, as small as they were made: named for what broke. */
const REGRESSIONS: readonly (readonly [name: string, scenario: string, setting: SimulationCase])[] = [
  ...(['producer-per-task', 'group-metadata'] as const).map(
    transactions =>
      [
        `a transaction that lost its markers while the brokers stopped is not done again (${transactions})`,
        'word-count',
        {
          seed: 1,
          guarantee: 'exactly_once',
          transactions,
          onBadRecord: 'fail',
          partitions: 1,
          processes: 1,
          asyncReads: false,
          watched: true,
          records: lines('grain mill', 'stone race', 'grain').map(record => ({ ...record, atMs: 5000 })),
          troubles: [{ kind: 'broker-stop', atMs: 5000, stoppingMs: 1000, downMs: 2000, markers: 'lost' }],
          faults: [],
        },
      ] as const,
  ),
  [
    'a process that is killed while a function takes its time processes nothing afterwards',
    'word-count',
    {
      seed: 1,
      guarantee: 'exactly_once',
      transactions: 'group-metadata',
      onBadRecord: 'fail',
      partitions: 2,
      processes: 1,
      threads: 2,
      asyncReads: false,
      watched: true,
      records: [...atOnce(5000, 9000), ...atOnce(20_000, 0)],
      troubles: [
        { kind: 'thread-remove', atMs: 1000, process: 0, timeoutMs: 3000 },
        { kind: 'kill', atMs: 5500, process: 0, afterCalls: 0, disk: 'kept', downMs: 100 },
      ],
      faults: [],
    },
  ],
  [
    'what a process had not sent when it was stopped is not written over what the next owner has written',
    'word-count',
    {
      seed: 1,
      guarantee: 'at_least_once',
      transactions: 'group-metadata',
      onBadRecord: 'fail',
      partitions: 1,
      processes: 2,
      asyncReads: false,
      watched: true,
      records: [...everyTenth(1_000, 14_000), ...everyTenth(30_000, 31_000)],
      troubles: [
        // It stands still in the midst of a flush, longer than a session.
        { kind: 'stand-still', atMs: 6_150, process: 0, forMs: 9_000 },
        { kind: 'kill', atMs: 20_000, process: 1, afterCalls: 0, disk: 'lost', downMs: 20_000 },
        { kind: 'kill', atMs: 20_000, process: 0, afterCalls: 0, disk: 'lost', downMs: 100 },
      ],
      faults: Array.from({ length: 200 }, (_, call) => ({
        kind: 'delay' as const,
        operation: 'producer.flush' as const,
        call: call + 1,
        ms: 400,
      })),
    },
  ],
  [
    'a member that was given up while it could not be reached keeps no task that another has had meanwhile',
    'word-count',
    {
      seed: 2279,
      guarantee: 'exactly_once',
      transactions: 'group-metadata',
      onBadRecord: 'fail',
      partitions: 4,
      processes: 2,
      asyncReads: true,
      watched: true,
      records: lines('grain mill wheel stone stone', 'race grain stone'),
      troubles: [],
      faults: [
        { kind: 'drop-request', operation: 'admin.describeTopics', call: 2 },
        { kind: 'delay', operation: 'group.committed', call: 6, ms: 781 },
        { kind: 'drop-request', operation: 'group.poll', call: 3 },
        { kind: 'delay', operation: 'admin.latestOffsets', call: 11, ms: 425 },
        { kind: 'disconnect', operation: 'group.committed', call: 11, ms: 6472 },
        { kind: 'delay', operation: 'group.poll', call: 19, ms: 299 },
        { kind: 'delay', operation: 'group.poll', call: 42, ms: 227 },
        { kind: 'delay', operation: 'group.poll', call: 66, ms: 459 },
        { kind: 'delay', operation: 'group.poll', call: 70, ms: 287 },
        { kind: 'drop-response', operation: 'admin.earliestOffsets', call: 21 },
        { kind: 'move-coordinator', operation: 'admin.latestOffsets', call: 33, ms: 224 },
        { kind: 'delay', operation: 'group.poll', call: 81, ms: 146 },
      ],
    },
  ],
]

it.each(REGRESSIONS)('%s', async (_name, name, setting) => {
  const scenario = SCENARIOS.find(one => one.name === name)!
  const { violations, history } = await replay(scenario.plan(), setting, {
    oracle: run => wrongOutput(scenario, run),
  })
  expect(violations, history.join('\n')).toEqual([])
})
