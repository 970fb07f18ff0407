/** One sentence of a port's contract, and what proves it. No test framework is needed: `run` rejects when the adapter fails. */
export interface ConformanceCase<Harness, Capabilities> {
  /** Reads as a sentence about the adapter. */
  readonly name: string
  /** Why an adapter of these capabilities need not run it. */
  readonly requires?: (capabilities: Capabilities) => string | undefined
  run(harness: Harness): Promise<void>
}
