import type { ReadRecord } from '../../topic-io.ts'
import { type ApplicationName, customerOf, JOIN_WITHIN_MS, passes } from './topologies.ts'

/** What is wrong with an output. */
export interface Mistake {
  readonly what: string
  /** When the record came in that nothing, or something wrong, has come of; undefined if that is not known. */
  readonly at: number | undefined
  /** The text of the result that is missing. */
  readonly missing?: string
  /** Kafka Streams does the same, and why. */
  readonly asInJava?: string
}

export interface Results {
  /** By input. */
  readonly inputs: readonly (readonly ReadRecord[])[]
  readonly output: readonly ReadRecord[]
  readonly exactly: boolean
}

/** Compares what came out with what has to come of the inputs as the brokers have them. Pure. */
export function mistakesOf(application: ApplicationName, results: Results): readonly Mistake[] {
  return CHECKS[application](results)
}

const CHECKS: Readonly<Record<ApplicationName, (results: Results) => readonly Mistake[]>> = {
  stateless: ({ inputs, output, exactly }) => {
    const expected = inputs[0]!
      .filter(({ value }) => passes(Number(value)))
      .map(record => ({ text: `${textOf(record.key)} ${textOf(record.value)}!`, at: record.timestamp }))
    const seen = output.map(({ key, value }) => `${textOf(key)} ${textOf(value)}`)
    return [...compare(expected, seen, exactly), ...wrongOrder(inputs[0]!, output)]
  },
  aggregated({ inputs, output, exactly }) {
    const counts = new Map<string, { count: number; at: number }>()
    for (const { value, timestamp } of inputs[0]!) {
      const { count, at } = counts.get(textOf(value)) ?? { count: 0, at: 0 }
      counts.set(textOf(value), { count: count + 1, at: Math.max(at, timestamp) })
    }
    return countMistakes(counts, output, exactly)
  },
  'windowed-join'({ inputs, output, exactly }) {
    const rights = Map.groupBy(inputs[1]!, ({ key }) => textOf(key))
    const expected = inputs[0]!.flatMap(left =>
      (rights.get(textOf(left.key)) ?? [])
        .filter(({ timestamp }) => Math.abs(timestamp - left.timestamp) <= JOIN_WITHIN_MS)
        .map(right => ({
          text: `${textOf(left.key)} ${textOf(left.value)}|${textOf(right.value)}`,
          at: Math.max(left.timestamp, right.timestamp),
        })),
    )
    return compare(
      expected,
      output.map(({ key, value }) => `${textOf(key)} ${textOf(value)}`),
      exactly,
    )
  },
  'foreign-key-join': ({ inputs, output, exactly }) => [
    ...finalRows(inputs, output),
    ...strangeRows(inputs, output, exactly),
  ],
}

function textOf(bytes: Buffer | null): string {
  return bytes === null ? 'null' : bytes.toString()
}

/** Each expected text differs from the others, and has to be there: once under exactly-once, otherwise at least once. */
function compare(
  expected: readonly { readonly text: string; readonly at: number }[],
  seen: readonly string[],
  exactly: boolean,
): Mistake[] {
  const times = new Map<string, number>()
  for (const text of seen) times.set(text, (times.get(text) ?? 0) + 1)
  const known = new Map(expected.map(({ text, at }) => [text, at]))
  const mistakes: Mistake[] = []
  for (const [text, at] of known) {
    if (!times.has(text)) mistakes.push({ what: `"${text}" is missing`, at, missing: text })
  }
  for (const [text, count] of times) {
    const at = known.get(text)
    if (at === undefined) mistakes.push({ what: `"${text}" comes of nothing`, at })
    else if (exactly && count > 1) mistakes.push({ what: `"${text}" came ${count} times`, at })
  }
  return mistakes
}

/** The first results of a key have to come in the order of its records. */
function wrongOrder(input: readonly ReadRecord[], output: readonly ReadRecord[]): Mistake[] {
  const place = new Map(input.map(({ value, offset }) => [`${textOf(value)}!`, offset]))
  const last = new Map<string, number>()
  const seen = new Set<string>()
  const mistakes: Mistake[] = []
  for (const { key, value, timestamp } of output) {
    const [name, text] = [textOf(key), textOf(value)]
    const offset = place.get(text)
    if (offset === undefined || seen.has(text)) continue
    seen.add(text)
    if (offset < (last.get(name) ?? -1))
      mistakes.push({ what: `"${text}" of ${name} came after what follows it`, at: timestamp })
    last.set(name, offset)
  }
  return mistakes
}

function countMistakes(
  exact: ReadonlyMap<string, { readonly count: number; readonly at: number }>,
  output: readonly ReadRecord[],
  exactly: boolean,
): Mistake[] {
  const mistakes: Mistake[] = []
  const seen = Map.groupBy(output, ({ key }) => textOf(key))
  for (const [word, { count, at }] of exact) {
    const values = (seen.get(word) ?? []).map(({ value, timestamp }) => ({
      count: value === null ? Number.NaN : Number(value.readBigInt64BE()),
      timestamp,
    }))
    const last = values.at(-1)?.count ?? 0
    if (last < count) mistakes.push({ what: `"${word}" is ${last} and has to be ${count}`, at, missing: word })
    if (!exactly) continue
    if (last > count) mistakes.push({ what: `"${word}" is ${last} and has to be ${count}`, at })
    const step = values.findIndex((value, index) => index > 0 && value.count <= values[index - 1]!.count)
    if (step > 0) {
      const { timestamp } = values[step]!
      mistakes.push({ what: `"${word}" goes from ${values[step - 1]!.count} to ${values[step]!.count}`, at: timestamp })
    }
  }
  for (const word of seen.keys()) {
    if (!exact.has(word)) mistakes.push({ what: `"${word}" comes of nothing`, at: undefined })
  }
  return mistakes
}

/** The last row of each key. */
function lastRows(records: readonly ReadRecord[]): ReadonlyMap<string, ReadRecord> {
  return new Map(records.map(record => [textOf(record.key), record]))
}

const STALE_ROW =
  'an order that changes again before the answer "no row" has come drops that answer and gets no other (docs/kafka-streams-notes.md)'

/** In the end each order has the row of its customer, or none. */
function finalRows([orders = [], customers = []]: Results['inputs'], output: readonly ReadRecord[]): Mistake[] {
  const [order, customer, row] = [lastRows(orders), lastRows(customers), lastRows(output)]
  const before = lastRows(orders.filter(record => record !== order.get(textOf(record.key))))
  const mistakes: Mistake[] = []
  for (const [key, { value, timestamp }] of order) {
    const other = value === null ? undefined : customer.get(customerOf(textOf(value)))
    const joined = value !== null && other !== undefined && other.value !== null
    const expected = joined ? `${textOf(value)}|${textOf(other.value)}` : 'null'
    const seen = textOf(row.get(key)?.value ?? null)
    if (seen === expected) continue
    const at = Math.max(timestamp, other?.timestamp ?? 0)
    const previous = before.get(key)
    const asksIfThere = previous !== undefined && (previous.value === null || isOfSameCustomer(previous.value, value))
    const isStale = value !== null && !joined && asksIfThere
    const mistake = { what: `${key} is "${seen}" and has to be "${expected}"`, at, missing: `${key} ${expected}` }
    mistakes.push(isStale ? { ...mistake, asInJava: STALE_ROW } : mistake)
  }
  return mistakes
}

function isOfSameCustomer(one: Buffer | null, other: Buffer | null): boolean {
  return customerOf(textOf(one)) === customerOf(textOf(other))
}

/** A row is made of an order and a row of its customer that there were; under exactly-once neither goes back to an older one. */
function strangeRows(
  [orders = [], customers = []]: Results['inputs'],
  output: readonly ReadRecord[],
  exactly: boolean,
): Mistake[] {
  const known = new Set([...orders, ...customers].map(({ key, value }) => `${textOf(key)} ${textOf(value)}`))
  const mistakes: Mistake[] = []
  const last = new Map<string, { readonly order: number; readonly customer: number }>()
  for (const { key, value, timestamp } of output) {
    if (value === null) continue
    const [order = '', customer = ''] = textOf(value).split('|')
    if (!known.has(`${textOf(key)} ${order}`) || !known.has(`${customerOf(order)} ${customer}`))
      mistakes.push({ what: `"${textOf(value)}" of ${textOf(key)} comes of nothing`, at: timestamp })
    const now = { order: Number(order.slice(order.indexOf(':') + 1)), customer: Number(customer) }
    const before = last.get(textOf(key))
    const goesBack =
      before !== undefined &&
      (now.order < before.order || (now.order === before.order && now.customer < before.customer))
    if (exactly && goesBack) mistakes.push({ what: `${textOf(key)} goes back to "${textOf(value)}"`, at: timestamp })
    last.set(textOf(key), now)
  }
  return mistakes
}
