import { checkSupplied, type KeyValueStore, sharedObject, type StateStore, type StorePlan } from '@millrace/core'

/** Every store that an `open` has returned: one that comes back belongs to another task, or to an earlier one that has changed it. */
const opened = new WeakSet<StateStore<unknown, unknown>>()

/** The stores of a task that are the user's own, by name. */
export class CustomStores {
  readonly #stores = new Map<string, StateStore<unknown, unknown>>()

  /** Makes one, and gives it what was committed. */
  async open(plan: StorePlan, entries: KeyValueStore<unknown, unknown>, partition: number): Promise<void> {
    const store = plan.open!({ entries, partition })
    const of = { owner: `The store "${plan.name}"`, field: 'open', needed: 'restore' } as const
    checkSupplied(store, of)
    if (opened.has(store)) throw sharedObject(of)
    opened.add(store)
    // Known before it is restored, so that it is closed whatever fails.
    this.#stores.set(plan.name, store)
    await store.restore(entries.all())
  }

  get(name: string): StateStore<unknown, unknown> | undefined {
    return this.#stores.get(name)
  }

  async flush(name: string): Promise<void> {
    await this.#stores.get(name)?.flush?.()
  }

  committed(): void {
    for (const store of this.#stores.values()) store.commit?.()
  }

  /** All of them, though one fails. @throws what the first one did */
  async close(): Promise<void> {
    const stores = [...this.#stores.values()]
    this.#stores.clear()
    const closed = await Promise.allSettled(stores.map(async store => await store.close?.()))
    for (const each of closed) if (each.status === 'rejected') throw each.reason
  }
}
