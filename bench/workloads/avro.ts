/** Avro on both sides. Kafka Streams gets Java's Avro, with the five bytes of Confluent's wire format read and written by hand. */
import { string } from '@millrace/core'
import { avro, schemaRegistry } from '@millrace/schema-registry'
import { avroRecord } from '../compare/avro-bytes.ts'
import type { InputSpec } from '../compare/inputs.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'

const KEYS = 100_000

const VIEW = {
  type: 'record',
  name: 'View',
  fields: [
    { name: 'user', type: 'string' },
    { name: 'page', type: 'string' },
    { name: 'ms', type: 'long' },
    { name: 'ref', type: 'string' },
  ],
} as const
const SHORT = {
  type: 'record',
  name: 'ShortView',
  fields: [
    { name: 'user', type: 'string' },
    { name: 'page', type: 'string' },
    { name: 'ms', type: 'long' },
  ],
} as const
const USER = { type: 'record', name: 'User', fields: [{ name: 'city', type: 'string' }] } as const
const PLACED = {
  type: 'record',
  name: 'PlacedView',
  fields: [
    { name: 'page', type: 'string' },
    { name: 'ms', type: 'long' },
    { name: 'city', type: 'string' },
  ],
} as const

/** Registered in this order, so that their ids are 1 to 4. */
const schemas = [VIEW, SHORT, USER, PLACED]
const ids = { view: 1, short: 2, user: 3, placed: 4 }
const java = (schema: object) => JSON.stringify(JSON.stringify(schema))

const views: InputSpec = {
  id: 'avro-views',
  records: 2_000_000,
  record(_, draw) {
    const user = `user-${draw(KEYS)}`
    return {
      key: user,
      value: avroRecord(ids.view, [user, `page-${draw(1000)}`, draw(5000), `campaign-${draw(50)}`]),
    }
  },
}

/** One row for each user, all of them older than the first view. */
const users: InputSpec = {
  id: 'avro-users',
  records: KEYS,
  record: (index, draw, records) => ({
    key: `user-${Math.floor((index * KEYS) / records)}`,
    value: avroRecord(ids.user, [`city-${draw(500)}`]),
    at: index - records,
  }),
}

export const workloads = [
  {
    kind: 'throughput',
    id: 'avro-map',
    title: 'Avro read, filtered, mapped, written',
    goal: { atLeast: 1.5 },
    inputs: { views },
    schemas,
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        const options = { registry: schemaRegistry({ url: topics.registry! }), subject: 'record' } as const
        builder
          .stream(topics.in['views']!, { key: string(), value: avro(VIEW, options) })
          .filter(view => view.ms < 4000)
          .mapValues(({ user, page, ms }) => ({ user, page, ms }))
          .to(topics.out, { value: avro(SHORT, options) })
      },
      java: `
        Serde<GenericRecord> view = avro(${java(VIEW)}, ${ids.view});
        Serde<GenericRecord> shortView = avro(${java(SHORT)}, ${ids.short});
        Schema schema = new Schema.Parser().parse(${java(SHORT)});
        builder.stream(in("views"), Consumed.with(Serdes.String(), view))
            .filter((user, each) -> (Long) each.get("ms") < 4000)
            .mapValues(each -> {
              GenericRecord mapped = new GenericData.Record(schema);
              mapped.put("user", each.get("user"));
              mapped.put("page", each.get("page"));
              mapped.put("ms", each.get("ms"));
              return mapped;
            })
            .to(out(), Produced.with(Serdes.String(), shortView));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'avro-join',
    title: 'views with the row of their user, all in Avro',
    goal: { atLeast: 1.5 },
    inputs: { views, users },
    schemas,
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        const options = { registry: schemaRegistry({ url: topics.registry! }), subject: 'record' } as const
        const table = builder.table(topics.in['users']!, { key: string(), value: avro(USER, options), store: 'users' })
        builder
          .stream(topics.in['views']!, { key: string(), value: avro(VIEW, options) })
          .join(table, ({ page, ms }, { city }) => ({ page, ms, city }))
          .to(topics.out, { value: avro(PLACED, options) })
      },
      java: `
        Serde<GenericRecord> view = avro(${java(VIEW)}, ${ids.view});
        Serde<GenericRecord> user = avro(${java(USER)}, ${ids.user});
        Serde<GenericRecord> placed = avro(${java(PLACED)}, ${ids.placed});
        Schema schema = new Schema.Parser().parse(${java(PLACED)});
        KTable<String, GenericRecord> users = builder.table(in("users"), Consumed.with(Serdes.String(), user),
            Materialized.<String, GenericRecord, KeyValueStore<Bytes, byte[]>>as("users"));
        builder.stream(in("views"), Consumed.with(Serdes.String(), view))
            .join(users, (each, row) -> {
              GenericRecord joined = new GenericData.Record(schema);
              joined.put("page", each.get("page"));
              joined.put("ms", each.get("ms"));
              joined.put("city", row.get("city"));
              return joined;
            }, Joined.with(Serdes.String(), view, user))
            .to(out(), Produced.with(Serdes.String(), placed));
      `,
    },
  },
] satisfies readonly ThroughputWorkload[]
