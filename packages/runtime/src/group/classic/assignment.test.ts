import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type TaskId, taskName } from '../../task-id.ts'
import {
  type AssignableMember,
  type AssignableTask,
  type Assigned,
  type AssignmentOptions,
  assignTasks,
} from './assignment.ts'

const OPTIONS: AssignmentOptions = {
  numStandbyReplicas: 0,
  acceptableRecoveryLag: 10_000,
  maxWarmupReplicas: 2,
  rackAwareAssignmentTags: [],
}

interface Drawn {
  readonly tasks: readonly AssignableTask[]
  readonly members: readonly AssignableMember[]
  readonly options: AssignmentOptions
}

const taskList = (mostPartitions: number) =>
  fc
    .array(
      fc.record({
        partitions: fc.integer({ min: 1, max: mostPartitions }),
        stateful: fc.boolean(),
        records: fc.constantFrom(0, 9_000, 50_000, 2_000_000),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map(subTopologies =>
      subTopologies.flatMap(({ partitions, stateful, records }, subTopology) =>
        Array.from({ length: partitions }, (_, partition): AssignableTask => ({
          id: { subTopology, partition },
          stateful,
          records: stateful ? records : 0,
        })),
      ),
    )

/** A member that has a task is somewhere in restoring it or done; at most one has it. Any others may have any part of its state. */
const situation = (mostPartitions: number, mostMembers: number): fc.Arbitrary<Drawn> =>
  fc.tuple(taskList(mostPartitions), fc.integer({ min: 1, max: mostMembers })).chain(([tasks, size]) =>
    fc
      .record({
        owners: fc.array(fc.integer({ min: -1, max: size - 1 }), { minLength: tasks.length, maxLength: tasks.length }),
        copies: fc.array(
          fc.array(fc.constantFrom('none', 'little', 'most', 'all', 'follows'), {
            minLength: tasks.length,
            maxLength: tasks.length,
          }),
          { minLength: size, maxLength: size },
        ),
        zones: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: size, maxLength: size }),
        numStandbyReplicas: fc.integer({ min: 0, max: 2 }),
        maxWarmupReplicas: fc.integer({ min: 1, max: 4 }),
        rackAwareAssignmentTags: fc.constantFrom([], ['zone']),
      })
      .map(({ owners, copies, zones, ...options }) => ({
        tasks,
        options: { ...OPTIONS, ...options },
        members: copies.map((row, member): AssignableMember => {
          const standby: TaskId[] = []
          const lags = new Map<string, number>()
          row.forEach((copy, index) => {
            const { id, records, stateful } = tasks[index]!
            if (!stateful) return
            if (owners[index] === member) return void lags.set(taskName(id), copy === 'little' ? records : 0)
            if (copy === 'none') return
            const lack = { little: 0.9, most: 0.2, all: 0, follows: 0.1 }[copy]
            lags.set(taskName(id), Math.floor(records * lack))
            if (copy === 'follows') standby.push(id)
          })
          return {
            memberId: `member-${member}`,
            processId: `process-${member}`,
            active: tasks.filter((_, index) => owners[index] === member).map(({ id }) => id),
            standby,
            lags,
            tags: { zone: zones[member]! },
            capacity: 1,
          }
        }),
      })),
  )

const names = (tasks: Iterable<readonly TaskId[]>) => [...tasks].flat().map(taskName).sort()
const assign = ({ members, tasks, options }: Drawn) => assignTasks(members, tasks, options)
const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts)

/** The group as it is after `assigned`: who had to restore has done so, up to `left` records. */
function followed({ members, tasks, options }: Drawn, { members: all }: Assigned, left: number): Drawn {
  return {
    tasks,
    options,
    members: members.map(member => {
      const { active, standby, warmup } = all.get(member.memberId)!
      const lags = new Map(member.lags)
      for (const { id, stateful, records } of tasks) {
        const name = taskName(id)
        if (!stateful) continue
        if (active.some(own => taskName(own) === name)) lags.set(name, 0)
        if ([...standby, ...warmup].some(own => taskName(own) === name)) {
          lags.set(name, Math.floor((lags.get(name) ?? records) * left))
        }
      }
      return { ...member, active, standby: [...standby, ...warmup], lags }
    }),
  }
}

/** Assigns again and again until nothing is on its way any more. */
function settled(
  drawn: Drawn,
  left = 0,
): { readonly rounds: number; readonly drawn: Drawn; readonly assigned: Assigned } {
  let current = drawn
  let assigned = assign(current)
  let rounds = 0
  while (assigned.probing && rounds < 1000) {
    current = followed(current, assigned, left)
    assigned = assign(current)
    rounds++
  }
  return { rounds, drawn: current, assigned }
}

it('gives every task to exactly one member', () => {
  fc.assert(
    fc.property(situation(8, 6), drawn => {
      const active = [...assign(drawn).members.values()].map(member => member.active)
      expect(names(active)).toEqual(names([drawn.tasks.map(({ id }) => id)]))
    }),
  )
})

it('runs stateful tasks where their state is, if it is anywhere', () => {
  fc.assert(
    fc.property(situation(8, 6), drawn => {
      const { members } = assign(drawn)
      for (const { id, stateful, records } of drawn.tasks) {
        if (!stateful) continue
        const lag = ({ lags }: AssignableMember) => lags.get(taskName(id)) ?? records
        const least = Math.min(...drawn.members.map(lag))
        const owner = drawn.members.find(({ memberId }) =>
          members.get(memberId)!.active.some(own => taskName(own) === taskName(id)),
        )!
        expect(lag(owner)).toBeLessThanOrEqual(Math.max(least, OPTIONS.acceptableRecoveryLag))
      }
    }),
  )
})

it('keeps copies of a task apart: never beside the active one, never twice in a process', () => {
  fc.assert(
    fc.property(situation(6, 5), fc.integer({ min: 1, max: 5 }), (drawn, processes) => {
      const members = drawn.members.map((member, index) => ({ ...member, processId: `process-${index % processes}` }))
      const all = assign({ ...drawn, members }).members
      for (const { id } of drawn.tasks) {
        const places = members.flatMap(({ memberId, processId }) => {
          const { active, standby, warmup } = all.get(memberId)!
          return [...active, ...standby, ...warmup].filter(own => taskName(own) === taskName(id)).map(() => processId)
        })
        expect(new Set(places).size).toBe(places.length)
      }
    }),
  )
})

it('warms no more tasks up than it may', () => {
  fc.assert(
    fc.property(situation(8, 6), drawn => {
      const warmups = [...assign(drawn).members.values()].flatMap(({ warmup }) => warmup)
      expect(warmups.length).toBeLessThanOrEqual(drawn.options.maxWarmupReplicas)
    }),
  )
})

it('settles: every round brings at least one task to its place, or every standby nearer', () => {
  fc.assert(
    fc.property(situation(8, 5), drawn => {
      const copies = drawn.tasks.length * (1 + drawn.options.numStandbyReplicas)
      const { rounds, drawn: last, assigned } = settled(drawn)
      expect(rounds).toBeLessThanOrEqual(copies + 2)
      expect(assign(followed(last, assigned, 0))).toEqual(assigned)
    }),
  )
})

it('settles when warm-ups take their time', () => {
  fc.assert(
    fc.property(situation(4, 4), drawn => {
      // From two million to ten thousand records it is eight times the half.
      const copies = drawn.tasks.length * (1 + drawn.options.numStandbyReplicas)
      expect(settled(drawn, 0.5).rounds).toBeLessThanOrEqual(9 * (copies + 2))
    }),
  )
})

it('is balanced in the end: active tasks, stateful ones and standbys differ by one at most', () => {
  fc.assert(
    fc.property(situation(8, 6), given => {
      const drawn = { ...given, options: { ...given.options, rackAwareAssignmentTags: [] } }
      const all = [...settled(drawn).assigned.members.values()]
      const stateful = new Set(drawn.tasks.filter(task => task.stateful).map(({ id }) => taskName(id)))
      expect(spread(all.map(({ active }) => active.length))).toBeLessThanOrEqual(1)
      expect(
        spread(all.map(({ active }) => active.filter(id => stateful.has(taskName(id))).length)),
      ).toBeLessThanOrEqual(1)
      expect(spread(all.map(({ standby }) => standby.length))).toBeLessThanOrEqual(1)
      const copies = Math.min(drawn.options.numStandbyReplicas, drawn.members.length - 1)
      expect(all.flatMap(({ standby }) => standby).length).toBe(copies * stateful.size)
      expect(all.flatMap(({ warmup }) => warmup)).toEqual([])
    }),
  )
})

it('moves the fewest tasks that leave the group balanced', () => {
  fc.assert(
    fc.property(situation(2, 3), drawn => {
      const stateless = { ...drawn, options: { ...drawn.options, acceptableRecoveryLag: Infinity } }
      const owner = (index: number) =>
        drawn.members.findIndex(({ active }) => active.some(own => taskName(own) === taskName(drawn.tasks[index]!.id)))
      const { members } = assign(stateless)
      const placed = drawn.tasks.map(({ id }) =>
        drawn.members.findIndex(({ memberId }) =>
          members.get(memberId)!.active.some(own => taskName(own) === taskName(id)),
        ),
      )
      const moves = (places: readonly number[]) => places.filter((place, index) => place !== owner(index)).length
      expect(moves(placed)).toBe(fewestMoves(drawn, moves))
    }),
    { numRuns: 200 },
  )
})

/** By trying every placement. */
function fewestMoves({ tasks, members }: Drawn, moves: (places: readonly number[]) => number): number {
  let fewest = Infinity
  for (let number = 0; number < members.length ** tasks.length; number++) {
    const places = tasks.map((_, index) => Math.floor(number / members.length ** index) % members.length)
    const counts = (among: (index: number) => boolean) =>
      members.map((_, member) => places.filter((place, index) => place === member && among(index)).length)
    const balanced = spread(counts(() => true)) <= 1 && spread(counts(index => tasks[index]!.stateful)) <= 1
    if (balanced) fewest = Math.min(fewest, moves(places))
  }
  return fewest
}

it('moves no more active tasks in the end than the newcomer gets', () => {
  fc.assert(
    fc.property(situation(8, 5), drawn => {
      // With both kinds of tasks an old member may have to give another one a stateless task for a stateful one.
      const first = settled({ ...drawn, tasks: drawn.tasks.map(task => ({ ...task, stateful: true })) })
      const before = followed(first.drawn, first.assigned, 0)
      const newcomer = {
        ...before.members[0]!,
        memberId: 'newcomer',
        processId: 'newcomer',
        active: [],
        standby: [],
        lags: new Map(),
      }
      const after = settled({ ...before, members: [...before.members, newcomer] }).assigned
      const moved = before.members.flatMap(({ memberId, active }) => {
        const kept = new Set(after.members.get(memberId)!.active.map(taskName))
        return active.filter(task => !kept.has(taskName(task)))
      })
      expect(moved.length).toBe(after.members.get('newcomer')!.active.length)
    }),
  )
})

it('hands the tasks of a member that is gone to their standbys at once', () => {
  fc.assert(
    fc.property(situation(6, 5), drawn => {
      const first = settled({ ...drawn, options: { ...drawn.options, numStandbyReplicas: 1 } })
      const before = followed(first.drawn, first.assigned, 0)
      const [gone, ...others] = before.members
      fc.pre(others.length > 0)
      const { members } = assign({ ...before, members: others })
      for (const { id } of drawn.tasks.filter(task => task.stateful)) {
        if (!gone!.active.some(own => taskName(own) === taskName(id))) continue
        const successor = others.find(({ memberId }) =>
          members.get(memberId)!.active.some(own => taskName(own) === taskName(id)),
        )!
        const lag = successor.lags.get(taskName(id)) ?? drawn.tasks.find(task => task.id === id)!.records
        expect(lag).toBeLessThanOrEqual(OPTIONS.acceptableRecoveryLag)
      }
    }),
  )
})

it('spreads the copies of a task over as many zones as there are', () => {
  fc.assert(
    fc.property(situation(6, 6), drawn => {
      const tagged = { ...drawn, options: { ...drawn.options, rackAwareAssignmentTags: ['zone'] } }
      const all = settled(tagged).assigned.members
      const zones = new Set(drawn.members.map(({ tags }) => tags['zone']))
      const copies = 1 + Math.min(drawn.options.numStandbyReplicas, drawn.members.length - 1)
      for (const { id, stateful } of drawn.tasks) {
        if (!stateful) continue
        const has = (own: TaskId) => taskName(own) === taskName(id)
        const used = drawn.members.filter(({ memberId }) => {
          const { active, standby } = all.get(memberId)!
          return active.some(has) || standby.some(has)
        })
        expect(new Set(used.map(({ tags }) => tags['zone'])).size).toBe(Math.min(zones.size, copies))
      }
    }),
  )
})

it('gives a member of twice the capacity twice the tasks', () => {
  const tasks = Array.from({ length: 9 }, (_, partition) => ({
    id: { subTopology: 0, partition },
    stateful: false,
    records: 0,
  }))
  const member = (memberId: string, capacity: number): AssignableMember => ({
    memberId,
    processId: memberId,
    active: [],
    standby: [],
    lags: new Map(),
    tags: {},
    capacity,
  })
  const { members } = assignTasks([member('small', 1), member('large', 2)], tasks, OPTIONS)
  expect([...members].map(([id, { active }]) => [id, active.length])).toEqual([
    ['large', 6],
    ['small', 3],
  ])
})

it('does not depend on the order in which members and tasks are listed', () => {
  fc.assert(
    fc.property(situation(8, 6), drawn => {
      const { members, tasks, options } = drawn
      expect(assignTasks([...members].reverse(), [...tasks].reverse(), options)).toEqual(assign(drawn))
    }),
  )
})

it('assigns nothing to nobody', () => {
  expect(assignTasks([], [{ id: { subTopology: 0, partition: 0 }, stateful: true, records: 1 }], OPTIONS)).toEqual({
    members: new Map(),
    probing: false,
  })
})

const ofProcess = (memberId: string, processId: string, active: readonly TaskId[] = []): AssignableMember => ({
  memberId,
  processId,
  active,
  standby: [],
  lags: new Map(active.map(id => [taskName(id), 0])),
  tags: {},
  capacity: 1,
})
const FOUR = [0, 1, 2, 3].map((partition): AssignableTask => ({
  id: { subTopology: 0, partition },
  stateful: true,
  records: 50_000,
}))
const ids = FOUR.map(({ id }) => id)

it('moves tasks between the threads of a process without a warm-up: their state is on its disk', () => {
  const members = [ofProcess('a1', 'a', ids), ofProcess('a2', 'a')]
  const { members: assigned, probing } = assignTasks(members, FOUR, { ...OPTIONS, acceptableRecoveryLag: 0 })
  expect([...assigned.values()].map(({ active, standby, warmup }) => [active.length, standby, warmup])).toEqual([
    [2, [], []],
    [2, [], []],
  ])
  expect(probing).toBe(false)
})

it('keeps tasks in the process that has their state when one of its threads is replaced', () => {
  const disk = new Map(ids.slice(0, 2).map(id => [taskName(id), 0]))
  const members = [
    ofProcess('a1', 'a', [ids[2]!]),
    { ...ofProcess('a2', 'a'), lags: disk },
    ofProcess('b1', 'b', [ids[3]!]),
  ]
  const { members: assigned } = assignTasks(members, FOUR.slice(0, 3), { ...OPTIONS, acceptableRecoveryLag: 0 })
  expect(names([assigned.get('a1')!.active, assigned.get('a2')!.active])).toEqual(['0_0', '0_1', '0_2'])
})

it('puts no standby into the process that runs the task', () => {
  const members = ['a', 'a', 'b', 'b'].map((processId, index) => ofProcess(`${processId}${index}`, processId))
  const { members: assigned } = assignTasks(members, FOUR, { ...OPTIONS, numStandbyReplicas: 1 })
  const inProcess = (processId: string) => [...assigned].filter(([memberId]) => memberId.startsWith(processId))
  for (const processId of ['a', 'b']) {
    const tasks = inProcess(processId).flatMap(([, { active, standby }]) => [...active, ...standby])
    expect(names([tasks])).toEqual(['0_0', '0_1', '0_2', '0_3'])
  }
})
