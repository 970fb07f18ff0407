import type { Cluster, Purpose } from '../cluster/cluster.ts'
import type { Connection } from '../net/connection.ts'

/** The most batches that a broker remembers per producer and partition, so that it does not write a batch twice. */
const MAX_IN_FLIGHT = 5

/** A producer's connection to each broker, and how many requests are in flight there. */
export class ProduceConnections {
  readonly #cluster: Cluster
  readonly #purpose: Purpose
  readonly #open = new Map<number, Connection>()
  readonly #connecting = new Set<number>()
  readonly #inFlight = new Map<number, number>()

  constructor(cluster: Cluster, purpose: Purpose) {
    this.#cluster = cluster
    this.#purpose = purpose
  }

  /** The connection on which a request can leave at once. */
  to(node: number): Connection | undefined {
    const connection = this.#open.get(node)
    const usable = connection !== undefined && connection.isOpen && performance.now() < connection.expiresAt
    return usable ? connection : undefined
  }

  isConnecting(node: number): boolean {
    return this.#connecting.has(node)
  }

  async connect(node: number): Promise<void> {
    this.#connecting.add(node)
    try {
      this.#open.set(node, await this.#cluster.connection(node, this.#purpose))
    } finally {
      this.#connecting.delete(node)
    }
  }

  hasRoom(node: number): boolean {
    return (this.#inFlight.get(node) ?? 0) < MAX_IN_FLIGHT
  }

  sent(node: number): void {
    this.#inFlight.set(node, (this.#inFlight.get(node) ?? 0) + 1)
  }

  answered(node: number): void {
    this.#inFlight.set(node, (this.#inFlight.get(node) ?? 1) - 1)
  }

  close(): void {
    this.#cluster.release(this.#purpose)
  }
}
