/** A span of time in milliseconds since the epoch. */
export interface Window {
  readonly start: number
  /** A time window ends before it, a session window at it. */
  readonly end: number
}

/** A key within one window: what a windowed aggregation is keyed by. */
export interface Windowed<K> {
  readonly key: K
  readonly window: Window
}
