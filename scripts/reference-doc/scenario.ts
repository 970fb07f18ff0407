import type { Plan } from '@millrace/core'
import type { TopologyTestDriverOptions } from '@millrace/testing'

/** A record that comes in. Its time is in seconds after the epoch. */
export type Arrival = readonly [seconds: number, topic: string, key: unknown, value: unknown]

/** What happens to a topology, in this order. */
export type Input = readonly (Arrival | { readonly wallClockSeconds: number })[]

/**
 * What a file of `docs/reference/scenarios` exports. The file's text up to `export const input` is the example program of its
 * page; a run of `plan` over `input` in the test driver is the page's picture.
 */
export interface Scenario {
  readonly plan: Plan
  readonly input: Input
  /** Functions of the topology push to it what they would print. */
  readonly printed?: string[]
  /** Those that `to` chooses record by record. */
  readonly chosenTopics?: readonly string[]
  readonly options?: TopologyTestDriverOptions
}
