import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TaskId } from '../../task-id.ts'
import {
  type AssignmentData,
  decodeAssignmentData,
  decodeMemberData,
  encodeAssignmentData,
  encodeMemberData,
  type MemberData,
} from './member-data.ts'

const tasks = fc.array(fc.record<TaskId>({ subTopology: fc.nat(99), partition: fc.nat(999) }), { maxLength: 5 })
const text = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).filter(one => one !== '__proto__')
const host = fc.constantFrom('10.0.0.1:80', 'streams-0.example:4711', '[::1]:9')

const memberData = fc.record<MemberData>({
  processId: text,
  active: tasks,
  standby: tasks,
  positions: fc.array(fc.tuple(fc.constantFrom('0_0', '1_7', '3_12'), fc.nat())).map(entries => new Map(entries)),
  tags: fc.array(fc.tuple(text, text), { maxLength: 3 }).map(entries => Object.fromEntries(entries)),
  capacity: fc.integer({ min: 1, max: 8 }),
  claimed: tasks,
  generation: fc.integer({ min: -1, max: 99 }),
  topology: text,
  shutdown: fc.boolean(),
  host: fc.option(host, { nil: undefined }),
})

const assignmentData = fc.record<AssignmentData>({
  standby: tasks,
  warmup: tasks,
  hosts: fc.array(fc.record({ host, active: tasks, standby: tasks }), { maxLength: 3 }),
  probeInMs: fc.option(fc.nat(), { nil: undefined }),
  inputPartitions: fc.option(fc.nat(), { nil: undefined }),
  isOther: fc.boolean(),
  shutdown: fc.boolean(),
})

it('reads back what a member says', () => {
  fc.assert(
    fc.property(memberData, data => {
      expect(decodeMemberData(encodeMemberData(data))).toEqual(data)
    }),
  )
})

it('reads back what the leader says', () => {
  fc.assert(
    fc.property(assignmentData, data => {
      expect(decodeAssignmentData(encodeAssignmentData(data))).toEqual(data)
    }),
  )
})

it.each([
  'not json',
  '',
  'null',
  '7',
  '{"version":1,"tasks":["0_3"]}',
  '{"version":3,"process":"p","active":["0_3"]}',
  '{"version":2,"active":["0_3"]}',
])('takes a member that says %j for one that owns nothing', said => {
  const data = decodeMemberData(Buffer.from(said))
  expect(data).toEqual({
    processId: '',
    active: [],
    standby: [],
    positions: new Map(),
    tags: {},
    capacity: 1,
    claimed: [],
    generation: -1,
    host: undefined,
    topology: '',
    shutdown: false,
  })
})

it.each(['not json', '{"version":1,"tasks":["0_3"]}', '{"version":3,"standby":["0_3"]}'])(
  'takes a leader that says %j for one that gives active tasks only',
  said => {
    expect(decodeAssignmentData(Buffer.from(said))).toEqual({
      standby: [],
      warmup: [],
      hosts: [],
      probeInMs: undefined,
      isOther: false,
      shutdown: false,
    })
  },
)

it('never throws, whatever another application says', () => {
  fc.assert(
    fc.property(fc.json(), said => {
      const bytes = Buffer.from(JSON.stringify({ version: 2, process: 'p', ...(JSON.parse(said) as object) }))
      expect(Array.isArray(decodeMemberData(bytes).active)).toBe(true)
      expect(Array.isArray(decodeAssignmentData(bytes).hosts)).toBe(true)
    }),
  )
})
