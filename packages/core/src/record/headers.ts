/** A record header: Kafka allows several of one key and keeps their order. */
export interface Header {
  readonly key: string
  readonly value: Uint8Array | null
}

export type Headers = readonly Header[]

/** What a record without headers has: one frozen list for all of them. */
export const NO_HEADERS: Headers = Object.freeze([])
