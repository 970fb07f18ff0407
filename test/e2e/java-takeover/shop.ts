import {
  int,
  joinWindows,
  long,
  type Plan,
  sessions,
  sessionWindowed,
  StreamsBuilder,
  string,
  timeWindowed,
  tumbling,
} from 'millrace'

export const INPUTS = ['clicks', 'orders', 'payments', 'products', 'suppliers', 'rates'] as const

export const OUTPUTS = [
  'page-windows',
  'visits',
  'closed-windows',
  'final-windows',
  'rated',
  'rated-at-once',
  'paid',
  'supplied',
  'stock',
] as const

/** The application, as `Shop.java` has it in Kafka Streams: the same steps in the same order. */
export function shop(inputs: string, outputs: string): Plan {
  const builder = new StreamsBuilder()
  const strings = { key: string(), value: string() }
  const windows = tumbling({ sizeMs: 10_000, graceMs: 5_000 })
  const windowed = { key: timeWindowed(string(), windows), value: long() }
  // Behind a repartition topic: the tasks that write to it are not at the same time of the input.
  const patient = tumbling({ sizeMs: 10_000, graceMs: 600_000 })

  const clicks = builder.stream(`${inputs}-clicks`, strings)
  clicks
    .groupBy(page => page, { name: 'by-page', key: string(), value: string() })
    .windowedBy(patient)
    .count({ store: 'clicks-per-page' })
    .toStream()
    .to(`${outputs}-page-windows`, windowed)
  clicks
    .groupByKey()
    .windowedBy(sessions({ inactivityGapMs: 3_000, graceMs: 5_000 }))
    .count()
    .toStream()
    .to(`${outputs}-visits`, { key: sessionWindowed(string()), value: long() })
  clicks
    .groupByKey()
    .windowedBy(windows, { emitStrategy: 'on-close' })
    // With a cache, Kafka Streams looks for windows to emit in each minute since 1970, which takes longer than a transaction may.
    .count({ store: { name: 'closed', caching: false } })
    .toStream()
    .to(`${outputs}-closed-windows`, windowed)
  clicks
    .groupByKey()
    .windowedBy(windows)
    .count({ store: 'clicks-per-user' })
    .suppress({ until: 'window-closes', name: 'until-final' })
    .toStream()
    .to(`${outputs}-final-windows`, windowed)

  const rates = builder.table(`${inputs}-rates`, { ...strings, store: { name: 'rates', historyRetentionMs: 60_000 } })
  const rated = (page: string, rate: string | null) => `${page} at ${rate ?? 'null'}`
  clicks.leftJoin(rates, rated, { name: 'rated', graceMs: 4_000 }).to(`${outputs}-rated`, { value: string() })
  clicks.leftJoin(rates, rated).to(`${outputs}-rated-at-once`, { value: string() })

  const orders = builder.stream(`${inputs}-orders`, strings)
  const payments = builder.stream(`${inputs}-payments`, strings)
  orders
    .leftJoin(payments, (order, payment) => `${order}/${payment ?? 'null'}`, {
      windows: joinWindows({ beforeMs: 5_000, afterMs: 5_000, graceMs: 2_000 }),
    })
    .to(`${outputs}-paid`, { value: string() })

  const products = builder.table(`${inputs}-products`, strings)
  const suppliers = builder.table(`${inputs}-suppliers`, strings)
  const supplierOf = (product: string) => product.split(' ')[0]!
  products
    .join(suppliers, supplierOf, (product, supplier) => `${product} of ${supplier}`)
    .toStream()
    .to(`${outputs}-supplied`, { value: string() })
  products
    .groupBy(product => [supplierOf(product), Number(product.split(' ')[1])], { key: string(), value: int() })
    .aggregate(
      () => 0,
      (sum, pieces) => sum + pieces,
      (sum, pieces) => sum - pieces,
      { value: int(), store: 'stock' },
    )
    .toStream()
    .to(`${outputs}-stock`)
  return builder.build()
}
