import type { AnomalyName } from '@millrace/testing'

/** A deliberate defect: in `file`, `from` becomes `to`. */
export interface Mutant {
  readonly name: string
  /** Below the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The history checker must find it under this name. @default any violation will do */
  readonly anomaly?: AnomalyName
  /** Where to begin, when few cases show the defect: at one that does. `npm run mutants -- --seed 1` begins at the first. @default 1 */
  readonly seed?: number
  /** @default drawn by the seed */
  readonly groupProtocol?: 'classic' | 'streams'
}

/**
 * Ways to break the runtime that the simulation must notice, each within 1 000 runs from its seed. When a mutant no longer applies because
 * the code has changed, `npm run mutants` says so and fails: give it the new text.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'committed reads see the write buffer',
    file: 'packages/runtime/src/state/task-stores/task-stores.ts',
    from: `const buffer = isolation === 'committed' ? undefined : this.#open.get(store)?.buffer`,
    to: `const buffer = this.#open.get(store)?.buffer`,
  },
  {
    name: 'a live query that goes on leaves out what was committed meanwhile',
    file: 'packages/runtime/src/query/live/live-partition.ts',
    from: `return await queries.changedKeys({ topic: changelog, partition }, reached.position, position)`,
    to: `return []`,
  },
  {
    name: 'a live query does not say that windows have expired',
    file: 'packages/runtime/src/query/live/live-partition.ts',
    from: `    const expired = this.#held.expire(this.#expiredBefore)
`,
    to: `    const expired = undefined as readonly Buffer[] | undefined
`,
    seed: 75,
  },
  {
    name: 'a commit of unknown outcome is taken for a failed one, and the records are processed again on the same state',
    file: 'packages/runtime/src/commit/commit-scope.ts',
    from: `    await producer.commit()
`,
    to: `    try {
      await producer.commit()
    } catch (error) {
      if (!String(error).includes('UNKNOWN')) throw error
      await producer.abort()
    }
`,
  },
  {
    name: 'after a failure the partitions are not read again from the committed offsets',
    anomaly: 'lost write',
    file: 'packages/runtime/src/task/task-set.ts',
    from: `        for (const { topic, partition, position } of task.queues) {
          this.#options.consumer.seek({ topic, partition, offset: position })`,
    to: `        for (const { topic, partition, position, end } of task.queues) {
          this.#options.consumer.seek({ topic, partition, offset: Math.max(position, end - 1) })`,
  },
  {
    name: 'the stores are written before the commit',
    file: 'packages/runtime/src/commit/commit-scope.ts',
    from: `  if (options.offsets === 'group') await consumer.commit(offsets)
`,
    to: `  for (const task of tasks) {
    await task.committed()
    await task.prepareCommit(owed)
  }
  if (options.offsets === 'group') await consumer.commit(offsets)
`,
  },
  {
    name: 'a thread opens the state of a task before another thread of its process has closed it',
    file: 'packages/runtime/src/state/task-stores/open-task-stores.ts',
    from: `  await claims?.claim(name)
`,
    to: '',
  },
  {
    name: 'the tasks of a thread that has crashed stay with it',
    file: 'packages/runtime/src/app/threads/threaded-engine.ts',
    from: `    this.#state.releaseAll(thread)
`,
    to: '',
  },
  {
    name: 'a thread that is removed while it is being added runs on',
    file: 'packages/runtime/src/app/threads/threaded-engine.ts',
    from: `    await this.#adding.get(number)?.catch(() => undefined)
`,
    to: '',
    seed: 1020,
  },
  {
    name: 'under at_most_once the records of a commit that failed are processed',
    file: 'packages/runtime/src/loop/round.ts',
    from: `await committer.beforeProcessing(batches, batch => tasks.wants(batch))`,
    to: `await committer.beforeProcessing(batches, batch => tasks.wants(batch)).catch(() => true)`,
    seed: 39,
  },
  {
    name: 'under at_most_once what was not begun is not given to the next owner',
    anomaly: 'lost write',
    file: 'packages/runtime/src/commit/committer.ts',
    from: `      if (leaving !== undefined) await this.giveBack(leaving)
`,
    to: '',
    seed: 114,
  },
  {
    name: 'one offset too many is committed',
    anomaly: 'lost write',
    file: 'packages/runtime/src/task/task.ts',
    from: '      offset: position,\n      ...(leaderEpoch',
    to: '      offset: position + 1,\n      ...(leaderEpoch',
  },
  {
    name: 'repartition topics are purged beyond what is committed',
    anomaly: 'lost write',
    file: 'packages/runtime/src/topics/repartition-purge.ts',
    from: 'this.#due.set(`${topic}-${partition}`, { topic, partition, offset })',
    to: 'this.#due.set(`${topic}-${partition}`, { topic, partition, offset: offset + 1 })',
  },
  {
    name: 'nobody is fenced: each producer has a transactional id of its own',
    anomaly: 'duplicate',
    file: 'packages/runtime/src/task/producer-pool.ts',
    from: 'const transactionalId = `${applicationId}-${name}`\n',
    to: 'const transactionalId = `${applicationId}-${name}-${String(Math.random())}`\n',
    seed: 132,
  },
  {
    name: 'a restore ends where the last stable offset is',
    file: 'packages/runtime/src/restore/restorer.ts',
    from: `        for (const batch of await this.#poll(consumer, open, waiting)) {
`,
    to: `        const batches = await this.#poll(consumer, open, waiting)
        if (batches.length === 0) {
          for (const restoring of open) {
            this.#end(restoring, open)
            if (![...open].some(({ request }) => request === restoring.request)) onReady(restoring.request)
          }
          continue
        }
        for (const batch of batches) {
`,
  },
  {
    name: 'a task starts before its stores are restored',
    file: 'packages/runtime/src/task/task-maker.ts',
    from: '      await gate.restore({ task: name, partition: id.partition, stores, processed, signal })',
    to: '      gate.giveUp()',
  },
  {
    name: 'offsets are committed before what was produced is acknowledged',
    file: 'packages/runtime/src/commit/commit-scope.ts',
    from: '  const acknowledged = await producer.flush()\n',
    to: `  const acknowledged: readonly { topic: string; partition: number; offset: number }[] = []
  producer.flush().catch(() => undefined)
`,
  },
  {
    name: 'a producer is used again after a commit of unknown outcome',
    file: 'packages/runtime/src/loop/recovery.ts',
    from: `    await this.#with.tasks.abandon()
    await this.#with.producers.discardAll()
`,
    to: `    await this.#with.tasks.abandon()
`,
  },
  {
    name: 'the changelog position is written without the changes',
    anomaly: 'store differs from changelog',
    file: 'packages/runtime/src/state/task-stores/store-backends.ts',
    from: 'await state.write(changes, positions)',
    to: 'await state.write([], positions)',
  },
  {
    name: 'records that are still buffered are committed at revocation',
    file: 'packages/runtime/src/task/task.ts',
    from: `      offset: position,
      ...(leaderEpoch`,
    to: `      offset: Math.max(position, this.queues.find(queue => queue.topic === topic && queue.partition === partition)!.fetched),
      ...(leaderEpoch`,
  },
  {
    name: 'a task has two owners',
    file: 'packages/runtime/src/group/classic/assignment.ts',
    from: 'active: situation.tasks.filter((_, task) => active[task] === member)',
    to: 'active: situation.tasks.filter((_, task) => active[task] === member || task === 0)',
  },
  {
    name: 'a task is given to its next owner before the last one has closed it',
    file: 'packages/runtime/src/group/classic/hand-over.ts',
    from: '  const isFree = (memberId: string, name: string) => !held.has(name) || held.get(name) === memberId\n',
    to: `  const isFree = (memberId: string, name: string) => !held.has(name) || memberId !== ''\n`,
    seed: 37,
  },
  {
    name: 'the commit interval is measured by the time of day',
    file: 'packages/runtime/src/commit/committer.ts',
    from: '    this.#with = options\n',
    to: `    const { clock } = options.options
    const wrong = { now: () => clock.now(), monotonic: () => clock.now(), sleep: clock.sleep.bind(clock) }
    this.#with = { ...options, options: { ...options.options, clock: wrong } }
`,
  },
  {
    name: 'offsets fetched without waiting for stable ones',
    file: 'packages/client-memory/src/client/stable-offsets.ts',
    from: '  checkStable(cluster, group.id, partitions)\n',
    to: '  checkStable(cluster, group.id, [])\n',
    seed: 89,
  },
  {
    name: 'a transaction that has lost its markers is completed by nobody',
    file: 'packages/runtime/src/task/producer-pool.ts',
    from: 'compression, reach: () => this.#reach(task) }',
    to: 'compression }',
    seed: 33,
  },
  {
    name: 'under at_most_once a commit that the group refuses between two generations drops the tasks with what they have fetched',
    file: 'packages/runtime/src/commit/committer.ts',
    from: "      if (isBetweenGenerations(error, consumer)) {\n        options.logger.debug({ error }, 'the group is rebalancing: what",
    to: "      if (isBetweenGenerations(undefined, consumer)) {\n        options.logger.debug({ error }, 'the group is rebalancing: what",
    seed: 202_100_674,
    groupProtocol: 'classic',
  },
  {
    name: 'a producer that was thrown away begins again only with the next task',
    file: 'packages/runtime/src/task/producer-pool.ts',
    from: '    if (this.ofInstance) this.#renewAt =',
    to: '    if (!this.transactional) this.#renewAt =',
    seed: 302_000_688,
    groupProtocol: 'streams',
  },
  {
    name: 'transactions of members that are gone stay open after a take-over',
    file: 'packages/runtime/src/app/instance-parts.ts',
    from: 'onTakenUp: gained => (producers.ofInstance ? gone.look(gained) : undefined),',
    to: 'onTakenUp: () => undefined,',
    seed: 120_107_498,
    groupProtocol: 'classic',
  },
  {
    name: 'a transaction that was committed and has lost its markers is completed as if it had been aborted',
    anomaly: 'torn transaction',
    file: 'packages/client-memory/src/client/hanging-transactions.ts',
    from: "  return state === 'prepare-commit' || state === 'complete-commit'\n",
    to: "  return state === 'prepare-commit'\n",
  },
  {
    name: 'a record that is given up keeps what it has written to stores',
    file: 'packages/runtime/src/task/record-failures.ts',
    from: `    context.undo?.rollBack()
`,
    to: `    context.undo?.clear()
`,
  },
  {
    name: 'a record that is given up late is left out, and what it has done stays',
    file: 'packages/runtime/src/task/record-failures.ts',
    from: `      throw new GivenUpLate(task, reason)
    } finally`,
    to: `      context.givenUp = undefined
      await stores.flush().catch(() => stores.flush())
    } finally`,
  },
  {
    name: 'a batch whose answer was lost is sent again with other sequence numbers',
    anomaly: 'duplicate',
    file: 'packages/client-memory/src/client/memory-producer.ts',
    from: `    if (this.#connection.losesProduceAnswer()) appender.end = log.append(bytes, transactionalId)`,
    to: `    if (this.#connection.losesProduceAnswer()) {
      const again = Buffer.from(bytes)
      again.writeInt32BE(appender.nextSequence, 53)
      appender.nextSequence += readBatchHeader(bytes, 0).count
      appender.end = log.append(again, transactionalId)
    }`,
  },
  {
    name: 'a processor may use its context when its call has ended',
    file: 'packages/core/src/operators/user-calls.ts',
    from: `    throw millraceError('MILLRACE_CONTEXT_OUTLIVED'`,
    to: `    if (what !== '') return
    throw millraceError('MILLRACE_CONTEXT_OUTLIVED'`,
  },
  {
    name: 'records of transactions that were aborted are processed',
    anomaly: 'aborted read',
    file: 'packages/runtime/src/app/instance-parts.ts',
    from: `isolationLevel: 'read_committed'`,
    to: `isolationLevel: 'read_uncommitted'`,
  },
  {
    name: 'now and then the offset of the beginning is committed',
    anomaly: 'non-monotonic commit',
    file: 'packages/runtime/src/task/task.ts',
    from: `      offset: position,
      ...(leaderEpoch`,
    to: `      offset: position % 7 === 6 ? 0 : position,
      ...(leaderEpoch`,
  },
]
