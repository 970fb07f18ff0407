import type { ProcessingGuarantee } from 'millrace'

export interface ApplicationOptions {
  readonly brokers: string
  readonly applicationId: string
  /** Prefix of the input topics. */
  readonly inputs: string
  readonly guarantee: Exclude<ProcessingGuarantee, 'at_most_once'>
  readonly caching: boolean
}

/** The shop, running as the only member of its group, on state that it has restored from its changelogs. */
export interface Application {
  /** @throws when it has ended by itself */
  check(): void
  /** Commits, closes, leaves the group and deletes its local state. */
  close(): Promise<void>
}
