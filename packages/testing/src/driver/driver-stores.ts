import {
  aText,
  checkArguments,
  type KeyValueStore,
  millraceError,
  type Plan,
  type SessionStore,
  type StorePlan,
  type TimestampedKeyValueStore,
  type TimestampedWindowStore,
  type VersionedKeyValueStore,
  type Windowed,
  type WindowStore,
} from '@millrace/core'
import type { InstanceStore } from '@millrace/runtime'
import type { TestInstance } from './test-instance.ts'
import {
  gathered,
  plainKeyValueStore,
  plainWindowStore,
  wholeKeyValueStore,
  wholeSessionStore,
  wholeVersionedStore,
  wholeWindowStore,
} from './test-stores.ts'

interface DriverStoresParts {
  readonly plan: Plan
  /** The instances that run now. */
  readonly instances: () => readonly TestInstance[]
  readonly now: () => number
  /** @throws MILLRACE_DRIVER_NOT_AWAITED while a call of the test is running */
  readonly checkRead: (what: string) => void
}

/** The stores of all instances of a test, each across all its partitions. */
export class DriverStores {
  readonly #parts: DriverStoresParts

  constructor(parts: DriverStoresParts) {
    this.#parts = parts
  }

  /** A store of any kind except a custom one. */
  whole(name: string): unknown {
    const plan = this.#planOf(name)
    if (plan.open !== undefined) {
      throw millraceError('MILLRACE_DRIVER_STORE_KIND', { store: plan.name, actual: 'custom', asked: 'whole' })
    }
    if (plan.kind === 'session') return wholeSessionStore(plan, () => this.#partsOf(plan))
    if (plan.kind === 'versioned') return wholeVersionedStore(plan, () => this.#partsOf(plan))
    return plan.kind === 'window' ? this.#wholeWindow(plan) : this.#wholeKeyValue(plan)
  }

  /** The part of each task, by partition. */
  taskParts(name: string): readonly { readonly partition: number; readonly store: unknown }[] {
    this.#planOf(name)
    this.#parts.checkRead(`reading the store "${name}"`)
    return this.#parts
      .instances()
      .flatMap(({ instance }) => instance.stores(name))
      .map(({ partition, store }) => ({ partition, store }))
      .sort((a, b) => a.partition - b.partition)
  }

  keyValue<K, V>(name: string): KeyValueStore<K, V> {
    const plan = this.#planOf(name, 'key-value')
    const whole = this.#wholeKeyValue(plan)
    return (plan.timestamped ? plainKeyValueStore(whole, this.#parts.now) : whole) as KeyValueStore<K, V>
  }

  timestampedKeyValue<K, V>(name: string): TimestampedKeyValueStore<K, V> {
    return this.#wholeKeyValue(this.#planOf(name, 'key-value', true)) as TimestampedKeyValueStore<K, V>
  }

  window<K, V>(name: string): WindowStore<K, V> {
    const plan = this.#planOf(name, 'window')
    const whole = this.#wholeWindow(plan)
    return (plan.timestamped ? plainWindowStore(whole, this.#parts.now) : whole) as WindowStore<K, V>
  }

  timestampedWindow<K, V>(name: string): TimestampedWindowStore<K, V> {
    return this.#wholeWindow(this.#planOf(name, 'window', true)) as TimestampedWindowStore<K, V>
  }

  session<K, V>(name: string): SessionStore<K, V> {
    const plan = this.#planOf(name, 'session')
    return wholeSessionStore(plan, () => this.#partsOf(plan)) as SessionStore<K, V>
  }

  versioned<K, V>(name: string): VersionedKeyValueStore<K, V> {
    const plan = this.#planOf(name, 'versioned')
    return wholeVersionedStore(plan, () => this.#partsOf(plan)) as VersionedKeyValueStore<K, V>
  }

  async windowEntries<K, V>(name: string): Promise<(readonly [key: Windowed<K>, value: V])[]> {
    const { windowSizeMs = 0 } = this.#planOf(name, 'window')
    const entries = await gathered(this.window<K, V>(name).all())
    return entries.map(([key, start, value]) => [{ key, window: { start, end: start + windowSizeMs } }, value])
  }

  #planOf(store: string, kind?: StorePlan['kind'], timestamped = false): StorePlan {
    checkArguments('reading a store', [['name', aText]], [store])
    const plan = this.#parts.plan.stores.find(({ name }) => name === store)
    if (plan === undefined) throw millraceError('MILLRACE_STORE_UNKNOWN', { store })
    const named = (kindOf: StorePlan['kind'], stamped: boolean) => (stamped ? `timestamped ${kindOf}` : kindOf)
    if ((kind !== undefined && plan.kind !== kind) || (timestamped && !plan.timestamped)) {
      const asked = named(kind!, timestamped)
      throw millraceError('MILLRACE_DRIVER_STORE_KIND', { store, actual: named(plan.kind, plan.timestamped), asked })
    }
    return plan
  }

  #partsOf({ name }: StorePlan): readonly InstanceStore[] {
    const { plan, instances, checkRead } = this.#parts
    checkRead(`reading the store "${name}"`)
    // Each instance has the whole global store.
    const global = plan.globals.some(({ store }) => store === name)
    return (global ? instances().slice(0, 1) : instances())
      .flatMap(({ instance }) => instance.stores(name))
      .map(part => ({ ...part, store: part.entries }))
  }

  #wholeKeyValue(plan: StorePlan): KeyValueStore<unknown, unknown> {
    return wholeKeyValueStore(plan, () => this.#partsOf(plan))
  }

  #wholeWindow(plan: StorePlan): WindowStore<unknown, unknown> {
    return wholeWindowStore(plan, () => this.#partsOf(plan))
  }
}
