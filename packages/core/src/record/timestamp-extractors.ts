import { aFunction, hasMethods } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import { isUnawaited } from '../errors/unawaited.ts'
import { systemClock } from '../clock/system-clock.ts'
import type { Clock } from '../ports/clock.ts'
import type { ExtractableRecord, TimestampExtractor } from '../topology/plan.ts'

/**
 * The timestamp of the record in Kafka: when it was created or, with `message.timestamp.type=LogAppendTime`, stored. This is
 * the default of an application.
 */
export const recordTime: TimestampExtractor = record => record.timestamp

/** The wall clock when the record is read. Results then depend on when they are computed. */
export function wallClock(clock: Clock = systemClock): TimestampExtractor {
  checkArguments('wallClock', [['clock', aClock]], [clock])
  return () => clock.now()
}

/**
 * A timestamp that the record contains, as milliseconds or a `Date`. If it has none (null, undefined, not a number), or `read`
 * throws, `onBadTimestamp` decides.
 *
 * @example
 * builder.stream('orders', { key: string(), value: json<Order>(), timestampExtractor: fromPayload(order => order.createdAt) })
 */
export function fromPayload<K, V>(
  read: (value: V, key: K) => number | Date | null | undefined,
): TimestampExtractor<K, V> {
  checkArguments('fromPayload', [['read', aFunction]], [read])
  return ({ key, value }) => {
    const time = read(value, key)
    const milliseconds = time instanceof Date ? time.getTime() : time
    if (typeof milliseconds === 'number' && Number.isFinite(milliseconds)) return Math.trunc(milliseconds)
    isUnawaited(milliseconds)
    return -1
  }
}

/**
 * Returns the result of `extractor` or, if it is negative or not a number, the highest timestamp of the partition so far. The first record
 * of a partition has no such timestamp. Kafka Streams' `UsePartitionTimeOnInvalidTimestamp`.
 *
 * @default extractor recordTime
 */
export function usePartitionTimeOnInvalid<K, V>(
  extractor: TimestampExtractor<K, V> = recordTime,
): TimestampExtractor<K, V> {
  checkArguments('usePartitionTimeOnInvalid', [['extractor', aFunction]], [extractor])
  return (record, partitionTime) => {
    const time = extractor(record, partitionTime)
    return time >= 0 ? time : partitionTime
  }
}

/** Three readings of two clocks, in milliseconds since the epoch. */
export interface DeviceTimes {
  /** The time of the event, by the clock of the device. */
  readonly event: number | null | undefined
  /** When the device sent it, by the same clock. */
  readonly sent: number | null | undefined
  /** The time of receipt, by the clock of the server. */
  readonly received: number
}

/**
 * Returns when an event happened on a device whose clock is wrong, in the time of the server: the time of receipt minus the time
 * between the event and its sending, by the clock of the device. The error of this clock does not matter if it runs evenly between the two
 * readings. The transfer must be short, since it is not measured.
 *
 * If the clock was set back meanwhile (sent before event), or a reading is missing, it returns the time of receipt. The result is never after
 * the receipt, nor before the epoch.
 */
export function correctedDeviceTime({ event, sent, received }: DeviceTimes): number {
  if (!isTime(event) || !isTime(sent) || sent < event) return received
  return Math.max(0, Math.trunc(received - (sent - event)))
}

/**
 * `correctedDeviceTime` as a timestamp extractor. `received` defaults to Kafka's own timestamp of the record.
 *
 * @example
 * deviceTime(reading => ({ event: reading.takenAt, sent: reading.sentAt, received: reading.serverTime }))
 */
export function deviceTime<K, V>(
  read: (value: V, record: ExtractableRecord<K, V>) => Omit<DeviceTimes, 'received'> & { readonly received?: number },
): TimestampExtractor<K, V> {
  checkArguments('deviceTime', [['read', aFunction]], [read])
  return record => {
    const { event, sent, received } = read(record.value, record)
    return correctedDeviceTime({ event, sent, received: received ?? record.timestamp })
  }
}

function isTime(reading: number | null | undefined): reading is number {
  return typeof reading === 'number' && Number.isFinite(reading)
}

const aClock = hasMethods('a clock, such as a ManualClock', 'now')
