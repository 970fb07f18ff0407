import type { OnLate } from '../assemble/late.ts'
import type { LateRecord } from '../operators/late.ts'
import type { KStream } from './kstream.ts'
import type { Make } from './make.ts'

/** Options of an operator that drops late records. */
export interface LateOption<K, V> {
  /**
   * Called once while the topology is built, with the stream of the records that this operator drops because they are late.
   * Send them to a topic or process them. Late records are counted and logged in any case. Each late record is in the stream
   * once, however many windows it missed.
   *
   * @example
   * onLate: late => late.mapValues(({ value }) => value).to('late-clicks', { value: json() })
   */
  readonly onLate?: (late: KStream<K, LateRecord<V>, 'key'>) => void
}

/** `onLate` as a point of the topology knows it: without types, and only where it was given. */
export function onLateOf<K, V>(options: LateOption<K, V>, make: Make): OnLate {
  return options.onLate === undefined ? undefined : late => options.onLate?.(make.stream(late))
}

/** Options of a join with what they say of late records as points of the topology know it. */
export function withLatePoints<Options extends object>(
  options: Options & LateOption<unknown, unknown> & { readonly onLateOther?: LateOption<unknown, unknown>['onLate'] },
  make: Make,
): Options & { readonly onLate: OnLate; readonly onLateOther: OnLate } {
  const { onLateOther } = options
  const other = onLateOther === undefined ? {} : { onLate: onLateOther }
  return { ...options, onLate: onLateOf(options, make), onLateOther: onLateOf(other, make) }
}
