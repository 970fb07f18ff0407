import { memoryStore, type StoreBackend, type TaskState } from '@millrace/core'

/**
 * Keeps state in memory, and keeps it when it is closed: the disk of a simulated machine. What one instance leaves another
 * finds, with the changelog positions of the last write.
 */
export function survivingStore(): StoreBackend {
  const memory = memoryStore()
  const states = new Map<string, TaskState>()
  return {
    name: 'surviving memory',
    capabilities: memory.capabilities,
    async open(options) {
      const state = states.get(options.directory) ?? (await memory.open(options))
      states.set(options.directory, state)
      return {
        store: name => state.store(name),
        write: (changes, offsets) => state.write(changes, offsets),
        offsets: () => state.offsets(),
        sync: () => state.sync(),
        close: async () => undefined,
      }
    },
  }
}
