import type { Clock, Plan, PlanNode, Processor, ProcessorContext, TopicPartitionOffset } from '@millrace/core'

/** What is done to a record before the topology gets it. */
export interface Mischief {
  /** How often the function that sees it fails. */
  fails: number
  slowMs: number
  /** It takes longer than a record may, only the first time. */
  readonly tooLong: 'never' | 'once' | 'always'
}

/** Which records have reached the topology, and what befalls them there. Outlives every process of a run. */
export class RecordWatch {
  readonly #seen = new Map<string, Set<number>>()
  readonly #mischief = new Map<string, Mischief>()
  readonly #onSeen: (topic: string, partition: number, offset: number) => void

  constructor(onSeen: (topic: string, partition: number, offset: number) => void = () => undefined) {
    this.#onSeen = onSeen
  }

  plan(topic: string, partition: number, offset: number, mischief: Mischief): void {
    this.#mischief.set(`${topic}-${partition}-${offset}`, mischief)
  }

  hasSeen(topic: string, partition: number, offset: number): boolean {
    return this.#seen.get(`${topic}-${partition}`)?.has(offset) === true
  }

  /** Whether the function that sees it fails always, or always takes too long. */
  isLeftOut(topic: string, partition: number, offset: number): boolean {
    const mischief = this.#mischief.get(`${topic}-${partition}-${offset}`)
    return mischief !== undefined && (mischief.fails === Infinity || mischief.tooLong === 'always')
  }

  /**
   * @param clock by which the function waits that takes long: that of the life it runs in, so that a process which is killed meanwhile
   *   does not go on
   * @throws the failure of a user function, when one is due
   */
  sees(topic: string, partition: number, offset: number, clock: Clock): void | Promise<void> {
    const name = `${topic}-${partition}`
    const seen = this.#seen.get(name) ?? new Set()
    this.#seen.set(name, seen)
    seen.add(offset)
    this.#onSeen(topic, partition, offset)
    const mischief = this.#mischief.get(`${name}-${offset}`)
    if (mischief === undefined) return
    if (mischief.fails > 0) {
      mischief.fails--
      throw new Error(SIMULATED_FAILURE)
    }
    const { slowMs, tooLong } = mischief
    if (tooLong === 'once') mischief.slowMs = 0
    if (slowMs > 0) return tooLong === 'never' ? clock.sleep(slowMs) : sleepInSteps(slowMs, clock)
  }
}

/** A clock that jumps ends one step and no more, so that it does not make the whole of it short. */
async function sleepInSteps(ms: number, clock: Clock): Promise<void> {
  for (let step = 0; step < STEPS; step++) await clock.sleep(ms / STEPS)
}

/** More than the looks by which the runtime measures how long a record takes. */
const STEPS = 20

/** The message of the failure of a simulated user function. */
export const SIMULATED_FAILURE = 'a simulated user function fails'

/** The plan with a processor behind each source, so that the watch sees each record on its way in. Names and topics stay. */
export function watchedPlan(plan: Plan, watch: RecordWatch, clock: Clock, onSeen: OnSeen = () => undefined): Plan {
  const nodes = plan.nodes.flatMap((node): readonly PlanNode[] => {
    if (node.kind !== 'source') return [node]
    const name = watcherOf(node.name)
    const watcher: PlanNode = {
      kind: 'processor',
      name,
      operator: { type: 'process', supplier: () => watcherWith(watch, clock, onSeen), fixedKey: false },
      stores: [],
      parents: [node.name],
      children: node.children,
    }
    return [{ ...node, children: [name] }, watcher]
  })
  const sources = new Set(plan.nodes.filter(({ kind }) => kind === 'source').map(({ name }) => name))
  const withWatcher = (name: string) => (sources.has(name) ? [name, watcherOf(name)] : [name])
  return {
    ...plan,
    nodes,
    subTopologies: plan.subTopologies.map(one => ({ ...one, nodes: one.nodes.flatMap(withWatcher) })),
  }
}

function watcherOf(source: string): string {
  return `${source}-watch`
}

/** Told of each record that reaches the topology, before anything befalls it. */
type OnSeen = (at: TopicPartitionOffset) => void

function watcherWith(watch: RecordWatch, clock: Clock, onSeen: OnSeen): Processor<unknown, unknown> {
  let context: ProcessorContext<unknown, unknown>
  return {
    init: given => void (context = given),
    process(record) {
      const { topic, partition, offset } = context.recordMetadata!
      onSeen({ topic: topic!, partition, offset })
      const slow = watch.sees(topic!, partition, offset, clock)
      return slow === undefined ? context.forward(record) : slow.then(() => context.forward(record))
    },
  }
}
