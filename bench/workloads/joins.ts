import { joinWindows, json, string } from '@millrace/core'
import { type InputSpec, pageViews } from '../compare/inputs.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'

const USERS = 100_000
const texts = { key: string(), value: string() }

/** One row for each user, all of them older than the first page view. */
const users: InputSpec = {
  id: `users-${USERS}`,
  records: USERS,
  record: (index, draw, records) => ({
    key: `user-${Math.floor((index * USERS) / records)}`,
    value: `{"city":"city-${draw(500)}"}`,
    at: index - records,
  }),
}

/** Orders of users: each names the row of another table. */
const orders: InputSpec = {
  id: 'orders',
  records: 500_000,
  record: (index, draw) => ({ key: `order-${index}`, value: `{"user":"user-${draw(USERS)}","amount":${draw(1000)}}` }),
}

export const workloads = [
  {
    kind: 'throughput',
    id: 'join-stream-table',
    title: 'page views with the row of their user',
    goal: { atLeast: 2 },
    inputs: { views: pageViews({ records: 4_000_000, keys: USERS }), users },
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        const table = builder.table(topics.in['users']!, { ...texts, store: 'users' })
        builder
          .stream(topics.in['views']!, texts)
          .join(table, (view, user) => view + user)
          .to(topics.out, { value: string() })
      },
      java: `
        KTable<String, String> users = builder.table(in("users"), STRINGS, Materialized.as("users"));
        builder.stream(in("views"), STRINGS)
            .join(users, (view, user) -> view + user)
            .to(out(), Produced.with(Serdes.String(), Serdes.String()));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'join-stream-stream',
    title: 'two streams within ten seconds of each other',
    goal: { atLeast: 2 },
    inputs: {
      views: pageViews({ records: 500_000, keys: 10_000, id: 'left-views' }),
      clicks: pageViews({ records: 500_000, keys: 10_000, id: 'right-views' }),
    },
    compare: 'any-order',
    topology: {
      millrace(builder, topics) {
        const clicks = builder.stream(topics.in['clicks']!, texts)
        builder
          .stream(topics.in['views']!, texts)
          .join(clicks, (view, click) => view + click, {
            windows: joinWindows({ timeDifferenceMs: 10_000, graceMs: 0 }),
          })
          .to(topics.out, { value: string() })
      },
      java: `
        KStream<String, String> clicks = builder.stream(in("clicks"), STRINGS);
        builder.stream(in("views"), STRINGS)
            .join(clicks, (view, click) -> view + click,
                JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(10_000)),
                StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String()))
            .to(out(), Produced.with(Serdes.String(), Serdes.String()));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'join-foreign-key',
    title: 'orders with the row of the user that they name',
    goal: { atLeast: 2 },
    inputs: { orders, users },
    compare: 'last-value',
    topology: {
      millrace(builder, topics) {
        const order = json<{ readonly user: string; readonly amount: number }>()
        const table = builder.table(topics.in['users']!, { ...texts, store: 'users' })
        builder
          .table(topics.in['orders']!, { key: string(), value: order, store: 'orders' })
          .join(
            table,
            ({ user }) => user,
            ({ user, amount }, row) => `${user} ${amount} ${row}`,
          )
          .toStream()
          .to(topics.out, { value: string() })
      },
      java: `
        KTable<String, String> users = builder.table(in("users"), STRINGS, Materialized.as("users"));
        KTable<String, JsonNode> orders =
            builder.table(in("orders"), Consumed.with(Serdes.String(), JSON_SERDE), Materialized.as("orders"));
        KTable<String, String> joined = orders.join(users, order -> order.get("user").asText(),
            (order, row) -> order.get("user").asText() + " " + order.get("amount").asInt() + " " + row,
            Materialized.with(Serdes.String(), Serdes.String()));
        joined.toStream().to(out(), Produced.with(Serdes.String(), Serdes.String()));
      `,
    },
  },
] satisfies readonly ThroughputWorkload[]
