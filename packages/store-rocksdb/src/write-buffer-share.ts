const MIB = 1024 * 1024
const SMALLEST = 2 * MIB
const LARGEST = 64 * MIB

/** RocksDB fills one write buffer while it writes the other to a file. */
export const WRITE_BUFFERS = 2

/** Fewer databases than this are given no more than their part: others are opened soon after. */
const EXPECTED_DATABASES = 4

/**
 * The size of one write buffer of the next database. The binding sets it at opening and shares nothing between databases, so
 * what is open already keeps what it was given and later ones get less: together they stay near the budget, not under it.
 */
export function writeBufferShare(memoryBytes: number, openDatabases: number): number {
  const share = memoryBytes / (WRITE_BUFFERS * Math.max(EXPECTED_DATABASES, openDatabases + 1))
  return Math.floor(Math.min(LARGEST, Math.max(SMALLEST, share)))
}
