import { readyAgain, type Serde } from '@millrace/core'
import { afterEach, beforeEach } from 'vitest'
import { schemaRegistry } from '../client/schema-registry.ts'
import { type RunningRegistry, startRegistry } from '../start-registry.ts'

/** A registry that is started for each test of the file. */
export function registryOfEachTest() {
  let running: RunningRegistry
  beforeEach(async () => void (running = await startRegistry()))
  afterEach(() => running.close())
  return {
    get url(): string {
      return running.url
    },
    /** A client that knows nothing yet. */
    client: () => schemaRegistry({ url: running.url }),
    get: async (path: string): Promise<unknown> => (await fetch(running.url + path)).json(),
  }
}

/** What the runtime does with a serde that is not ready. */
export async function retrying<T>(attempt: () => T): Promise<T> {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      const ready = readyAgain(error)
      if (ready === undefined) throw error
      await ready
    }
  }
}

export const write = <T>(serde: Serde<T>, value: T, topic = 'orders') => retrying(() => serde.serialize(value, topic))
export const read = <T>(serde: Serde<T>, data: Uint8Array, topic = 'orders') =>
  retrying(() => serde.deserialize(data, topic))
