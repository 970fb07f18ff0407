import {
  compileOperator,
  holdsBackMs,
  keepsKeyAndTime,
  looksAtNothing,
  type MaybePromise,
  type OperatorEnv,
  type Plan,
  type PlanNode,
  type Process,
  type ProcessorNode,
  type Producer,
  type PunctuationType,
  resultChildren,
  type SinkNode,
  type SourceNode,
  type SubTopology,
  type TaskTracer,
  type TimestampExtractor,
} from '@millrace/core'
import type { StoreMeters } from './metered-stores.ts'
import type { ReadableGlobals } from './readable-globals.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { callScope } from './call-scope.ts'
import type { InFlight } from './in-flight.ts'
import type { RecordMeters } from './record-meters.ts'
import type { RecordContext } from './record-context.ts'
import { compileSink, type SinkTopics } from './sink.ts'
import { type CompiledSource, compileSource } from './source.ts'
import { tracedProcess, tracedStore } from './traced-nodes.ts'
import { runAll, type UserHook, userHook } from './user-hook.ts'

/** A task's sub-topology as functions. */
export interface CompiledTopology {
  /** By real topic name. */
  readonly sources: ReadonlyMap<string, CompiledSource>
  /** For each source node: which store keys its records will be looked up by. */
  readonly lookAhead: ReadonlyMap<SourceNode, readonly LookAhead[]>
  /** Whether an operator has to do with stream time that moves on without records. */
  readonly advances: boolean
  /** Tells those operators, parents first. False where none has given or changed anything. */
  advance(streamTime: number): Promise<boolean>
  /** How far behind stream time an operator may keep results back, in milliseconds; 0 where none does. */
  readonly holdsBackMs: number
  /** The first operator that keeps results back until stream time moves on. */
  heldBy(): Promise<string | undefined>
  init(): Promise<void>
  close(): Promise<void>
}

/** A store that is read by the key of each record of a source. */
export interface LookAhead {
  readonly store: string
  /** Of a window store: the windows of a timestamp, which it is read by too. */
  readonly windowStarts?: (timestamp: number) => readonly number[]
  /** Of a store that is read by what its keys begin with: that, by the key of the record. */
  readonly prefixOf?: (key: unknown) => Buffer
}

export interface CompileOptions {
  readonly plan: Plan
  readonly subTopology: SubTopology
  readonly context: RecordContext
  readonly meters: RecordMeters
  readonly storeMeters: StoreMeters
  /** Undefined where nobody follows records. */
  readonly tracer: TaskTracer | undefined
  readonly inFlight: InFlight
  readonly producer: Pick<Producer, 'topic'>
  readonly topics: SinkTopics
  readonly stores: TaskStores
  readonly globals: ReadableGlobals
  readonly timestampExtractor: TimestampExtractor<never, never> | undefined
  schedule(
    node: string,
    intervalMs: number,
    type: PunctuationType,
    callback: (timestamp: number) => void | PromiseLike<void>,
  ): { cancel(): void }
  requestCommit(): void
  wallClock(): number
  monotonic(): number
  readonly emitIntervalMs: number
  readonly closeTimes: Map<string, number>
  /** By node, how far it stays behind when stream time moves on without records; undefined where it does not. */
  readonly advanceLags: ReadonlyMap<string, number> | undefined
}

export function compileTopology(options: CompileOptions): CompiledTopology {
  const { plan, subTopology, context, stores, meters, storeMeters, tracer } = options
  const names = new Set(subTopology.nodes)
  const nodes = new Map(plan.nodes.filter(({ name }) => names.has(name)).map(node => [node.name, node]))
  const compiled = new Map<string, Process>()
  const reads = new Map<string, LookAhead[]>()
  const starts: UserHook[] = []
  const ends: UserHook[] = []
  const holders: { readonly node: ProcessorNode; holds(): MaybePromise<boolean> }[] = []
  const advances: ((streamTime: number) => MaybePromise<boolean>)[] = []

  // Parents come before children in a plan, so children are compiled first when it is walked backwards.
  for (const node of [...nodes.values()].reverse()) {
    if (node.kind === 'source') continue
    const process = meters.counted(node.name, processOf(node))
    compiled.set(node.name, tracedProcess(tracer, node.kind, node.name, context, process))
  }

  const sources = new Map<string, CompiledSource>()
  const lookAhead = new Map<SourceNode, readonly LookAhead[]>()
  for (const node of nodes.values()) {
    if (node.kind !== 'source') continue
    lookAhead.set(node, readsBelow(node.children))
    const repartition = new Set(plan.repartitionTopics.map(({ name }) => name))
    for (const topic of node.topics) {
      const real = options.topics.decorate(topic)
      const extractor = repartition.has(topic) ? undefined : (node.timestampExtractor ?? options.timestampExtractor)
      sources.set(
        real,
        compileSource({
          node,
          topic: real,
          context,
          meters,
          forward: tracedProcess(tracer, 'source', node.name, context, forwardTo(node.children)),
          keyUnopened: staysClosed(node, 'keySerde'),
          valueUnopened: staysClosed(node, 'valueSerde'),
          timestampExtractor: extractor,
        }),
      )
    }
  }

  return {
    sources,
    lookAhead,
    advances: advances.length > 0,
    async advance(streamTime) {
      let did = false
      // Children were compiled first.
      for (const run of advances.toReversed()) if (await run(streamTime)) did = true
      return did
    },
    holdsBackMs: Math.max(0, ...holders.map(({ node }) => holdsBackMs(node.operator))),
    async heldBy() {
      for (const { node, holds } of holders.toReversed()) if (await holds()) return node.name
      return undefined
    },
    async init() {
      for (const start of starts.reverse()) await start()
    },
    async close() {
      await runAll(ends)
    },
  }

  function processOf(node: ProcessorNode | SinkNode): Process {
    if (node.kind === 'sink') return compileSink(node, context, options.producer, options.topics, meters)
    const process = compileOperator(operatorEnv(node))
    return node.children.length === 0 ? meters.terminal(node.name, process) : process
  }

  /** Counts the results of operators that hold some back. */
  function emitted({ name, operator }: ProcessorNode, forward: Process): Process {
    if (operator.type === 'suppress') return meters.counted(name, forward, 'node.suppression-emit')
    const final = 'emit' in operator && operator.emit === 'on-close'
    return final ? meters.counted(name, forward, 'node.window-aggregate-final-emit') : forward
  }

  /** A store whose calls are measured and traced, as far as somebody wants that. */
  function measured<Store>(name: string, store: Store): Store {
    const storePlan = stores.plans.find(({ plan: { name: other } }) => other === name)
    return storeMeters.metered(name, storePlan === undefined ? store : tracedStore(tracer, storePlan.plan, store))
  }

  /** A custom store is an object of its own kind: only what lies below it is measured. */
  function userStore(name: string): unknown {
    const store = stores.userStore(name, context)
    const custom = stores.plans.some(({ plan: { name: other, open } }) => other === name && open !== undefined)
    return custom ? store : measured(name, store)
  }

  function forwardTo(children: readonly string[]): Process {
    const targets = children.map(child => compiled.get(child)!)
    if (targets.length === 0) return () => undefined
    if (targets.length === 1) return targets[0]!
    const from = (first: number, key: unknown, value: unknown, old: unknown): void | Promise<void> => {
      for (let index = first; index < targets.length; index++) {
        const waiting = targets[index]!(key, value, old)
        if (waiting !== undefined) return waiting.then(() => from(index + 1, key, value, old))
      }
    }
    return (key, value, old) => from(0, key, value, old)
  }

  function operatorEnv(node: ProcessorNode): OperatorEnv {
    const own: LookAhead[] = []
    reads.set(node.name, own)
    return {
      node,
      context,
      forward: emitted(node, forwardTo(resultChildren(node))),
      child: name => compiled.get(name)!,
      tableStore: name => measured(name, stores.tableStore(name)),
      windowStore: name => measured(name, stores.windowStore(name)),
      rangeStore: name => measured(name, stores.rangeStore(name)),
      orderedStore: name => measured(name, stores.orderedStore(name)),
      prefixStore: (name, lengthOf) => measured(name, stores.prefixStore(name, lengthOf)),
      globalStore: name => options.globals.tableStore(name),
      isGlobalStore: name => options.globals.has(name),
      userStore: name => (options.globals.has(name) ? options.globals.readOnlyStore(name) : userStore(name)),
      schedule: (intervalMs, type, callback) => options.schedule(node.name, intervalMs, type, callback),
      requestCommit: options.requestCommit,
      wallClock: options.wallClock,
      monotonic: options.monotonic,
      emitIntervalMs: options.emitIntervalMs,
      closeTimes: options.closeTimes,
      recordMetadata: () => context.metadata(),
      callScope,
      inFlight: spec => {
        const forward = forwardTo(resultChildren(node))
        return options.inFlight.lane(node.name, spec, forward, hasStateAbove(node))
      },
      onAdvance(run) {
        const lag = options.advanceLags?.get(node.name)
        if (lag !== undefined) advances.push(streamTime => run(streamTime - lag))
      },
      onHeldAsked: holds => void holders.push({ node, holds }),
      onInit: run => void starts.push(userHook(node.name, 'init', run)),
      onClose: run => void ends.push(userHook(node.name, 'close', run)),
      readsByKey: store => void own.push({ store }),
      readsByPrefix: (store, prefixOf) => void own.push({ store, prefixOf }),
      readsByWindow: (store, windowStarts) => void own.push({ store, windowStarts }),
    }
  }

  /** Whether an operator between the sources and this one has a store. */
  function hasStateAbove(node: PlanNode): boolean {
    if (node.kind === 'source') return false
    return node.parents.some(name => {
      const parent = nodes.get(name)
      return (
        parent !== undefined && ((parent.kind === 'processor' && parent.stores.length > 0) || hasStateAbove(parent))
      )
    })
  }

  /** What is read by the record's own key, down to where the key changes. */
  function readsBelow(children: readonly string[]): LookAhead[] {
    return children.flatMap(child => {
      const node = nodes.get(child)
      if (node === undefined || node.kind !== 'processor') return []
      const below = keepsKeyAndTime(node.operator) ? readsBelow(node.children) : []
      return [...(reads.get(child) ?? []), ...below]
    })
  }

  /** Whether records of a source reach nothing but sinks that would write the very bytes that were read. */
  function staysClosed(source: SourceNode, which: 'keySerde' | 'valueSerde'): boolean {
    const serde = source[which]
    if (serde.transparent !== true || source.timestampExtractor !== undefined) return false
    const closed = (child: string): boolean => {
      const node: PlanNode = nodes.get(child)!
      if (node.kind === 'sink') return copies(node, serde.name, which)
      return node.kind === 'processor' && looksAtNothing(node.operator) && node.children.every(closed)
    }
    return source.children.every(closed)
  }
}

function copies(sink: SinkNode, serde: string, which: 'keySerde' | 'valueSerde'): boolean {
  if (sink.partitioner !== undefined || typeof sink.topic !== 'string') return false
  return sink[which].transparent === true && sink[which].name === serde
}
