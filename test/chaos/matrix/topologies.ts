import { joinWindows, long, type Plan, StreamsBuilder, string } from 'millrace'

/** Topics of an application: inputs in the order of `INPUTS`. */
export interface MatrixTopics {
  readonly inputs: readonly string[]
  readonly output: string
}

export const APPLICATIONS = ['stateless', 'aggregated', 'windowed-join', 'foreign-key-join'] as const
export type ApplicationName = (typeof APPLICATIONS)[number]

/** Ends of the names of the input topics. */
export const INPUTS = {
  stateless: ['numbers'],
  aggregated: ['words'],
  'windowed-join': ['left', 'right'],
  'foreign-key-join': ['orders', 'customers'],
} as const satisfies Readonly<Record<ApplicationName, readonly string[]>>

/** Of the windowed join, before and after. */
export const JOIN_WITHIN_MS = 1_000
/** So long that nothing is late: faults delay records, and the checks expect every pair. */
const GRACE_MS = 24 * 3_600_000
const TEXT = { key: string(), value: string() }

const BUILDERS: Readonly<Record<ApplicationName, (builder: StreamsBuilder, topics: MatrixTopics) => void>> = {
  stateless(builder, { inputs, output }) {
    builder
      .stream(inputs[0]!, TEXT)
      .filter(value => passes(Number(value)))
      .mapValues(value => `${value}!`)
      .to(output, TEXT)
  },
  aggregated(builder, { inputs, output }) {
    builder
      .stream(inputs[0]!, TEXT)
      .groupBy(value => value, TEXT)
      .count({ store: 'counts' })
      .toStream()
      .to(output, { key: string(), value: long() })
  },
  'windowed-join'(builder, { inputs, output }) {
    const [left, right] = inputs.map(topic => builder.stream(topic, TEXT))
    const windows = joinWindows({ beforeMs: JOIN_WITHIN_MS, afterMs: JOIN_WITHIN_MS, graceMs: GRACE_MS })
    left!.join(right!, (one, other) => `${one}|${other}`, { windows, ...TEXT, otherValue: string() }).to(output, TEXT)
  },
  'foreign-key-join'(builder, { inputs, output }) {
    const [orders, customers] = inputs.map(topic => builder.table(topic, TEXT))
    orders!
      .join(
        customers!,
        order => customerOf(order),
        (order, customer) => `${order}|${customer}`,
        { value: string() },
      )
      .toStream()
      .to(output, TEXT)
  },
}

export function buildTopology(name: ApplicationName, topics: MatrixTopics): Plan {
  const builder = new StreamsBuilder()
  BUILDERS[name](builder, topics)
  return builder.build()
}

/** Which numbers the stateless application lets through. */
export function passes(number: number): boolean {
  return number % 7 !== 0
}

/** An order is `customer:number`. */
export function customerOf(order: string): string {
  return order.slice(0, order.indexOf(':'))
}
