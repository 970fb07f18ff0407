/**
 * Nexmark: an auction house with persons, auctions and bids, in the usual proportion of 1 : 3 : 46. Flink publishes 155, 158, 175, 152,
 * 22, 12 and 146 thousand records a second and core for q0, q1, q2, q3, q5, q7 and q8.
 */
import { hopping, joinWindows, json, long, string, tumbling } from '@millrace/core'
import type { InputSpec } from '../compare/inputs.ts'
import type { ThroughputWorkload } from '../compare/workload.ts'

interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly url: string
}

interface Auction {
  readonly id: number
  readonly item: string
  readonly seller: number
  readonly category: number
}

interface Person {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly state: string
}

/** Milliseconds between two of a kind. */
const EVERY = { bid: 1, auction: 15, person: 46 } as const
const STATES = ['OR', 'ID', 'CA', 'WA', 'AZ', 'WY'] as const
const BIDS = 1_000_000
/** Persons and auctions are rare beside bids. Those that use them alone get as many as come with nine times the bids, or a commit has all. */
const RARE_FOR = 9 * BIDS
/** Bids are for one of the latest auctions, and auctions are by one of the latest persons. */
const LATEST = 500
/** Each key of a repartition topic comes from several tasks, none of which may be too late for the others. */
const DAY_MS = 86_400_000

const bids: InputSpec = {
  id: 'nexmark-bids',
  records: BIDS,
  record(index, draw) {
    const auction = Math.max(0, Math.floor((index * EVERY.bid) / EVERY.auction) - draw(LATEST))
    const price = 100 + draw(100_000)
    const value = `{"auction":${auction},"bidder":${draw(20_000)},"price":${price},"url":"https://auctions.example/item/${draw(1e6)}"}`
    return { key: String(auction), value }
  },
}

const auctions: InputSpec = {
  id: 'nexmark-auctions',
  records: Math.floor((RARE_FOR * EVERY.bid) / EVERY.auction),
  record(index, draw) {
    const seller = Math.max(0, Math.floor((index * EVERY.auction) / EVERY.person) - draw(LATEST))
    const value = `{"id":${index},"item":"item ${draw(1e6)}","seller":${seller},"category":${draw(20)}}`
    return { key: String(index), value, at: index * EVERY.auction }
  },
}

const persons: InputSpec = {
  id: 'nexmark-persons',
  records: Math.floor((RARE_FOR * EVERY.bid) / EVERY.person),
  record(index, draw) {
    const state = STATES[draw(STATES.length)]!
    const value = `{"id":${index},"name":"person ${draw(1e6)}","city":"city ${draw(100)}","state":"${state}"}`
    return { key: String(index), value, at: index * EVERY.person }
  },
}

/** Where each record costs about a microsecond: with a million, one commit in two would have everything. */
const manyBids: InputSpec = { ...bids, records: 6 * BIDS }

const bidSerdes = { key: string(), value: json<Bid>() }
const auctionSerdes = { key: string(), value: json<Auction>() }
const personSerdes = { key: string(), value: json<Person>() }

export const workloads = [
  {
    kind: 'throughput',
    id: 'nexmark-q0',
    title: 'Nexmark q0: bids parsed and written',
    goal: { atLeast: 2 },
    inputs: { bids: manyBids },
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        builder.stream(topics.in['bids']!, bidSerdes).to(topics.out)
      },
      java: `
        builder.stream(in("bids"), Consumed.with(Serdes.String(), JSON_SERDE))
            .to(out(), Produced.with(Serdes.String(), JSON_SERDE));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'nexmark-q1',
    title: 'Nexmark q1: prices in another currency',
    goal: { atLeast: 2 },
    inputs: { bids: manyBids },
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        builder
          .stream(topics.in['bids']!, bidSerdes)
          .mapValues(({ auction, bidder, price }) => ({ auction, bidder, price: Math.trunc((price * 908) / 1000) }))
          .to(topics.out, { value: json() })
      },
      java: `
        builder.stream(in("bids"), Consumed.with(Serdes.String(), JSON_SERDE))
            .mapValues(bid -> {
              ObjectNode converted = JSON.createObjectNode();
              converted.set("auction", bid.get("auction"));
              converted.set("bidder", bid.get("bidder"));
              converted.put("price", bid.get("price").asLong() * 908 / 1000);
              return (JsonNode) converted;
            })
            .to(out(), Produced.with(Serdes.String(), JSON_SERDE));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'nexmark-q2',
    title: 'Nexmark q2: bids on some auctions',
    goal: { atLeast: 2 },
    inputs: { bids: manyBids },
    compare: 'each',
    topology: {
      millrace(builder, topics) {
        builder
          .stream(topics.in['bids']!, bidSerdes)
          .filter(({ auction }) => auction % 123 === 0)
          .mapValues(({ auction, price }) => ({ auction, price }))
          .to(topics.out, { value: json() })
      },
      java: `
        builder.stream(in("bids"), Consumed.with(Serdes.String(), JSON_SERDE))
            .filter((key, bid) -> bid.get("auction").asLong() % 123 == 0)
            .mapValues(bid -> {
              ObjectNode row = JSON.createObjectNode();
              row.set("auction", bid.get("auction"));
              row.set("price", bid.get("price"));
              return (JsonNode) row;
            })
            .to(out(), Produced.with(Serdes.String(), JSON_SERDE));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'nexmark-q3',
    title: 'Nexmark q3: who sells in some states, a join by foreign key',
    goal: { atLeast: 1.5 },
    inputs: { auctions, persons },
    compare: 'last-value',
    topology: {
      millrace(builder, topics) {
        const sellers = builder
          .table(topics.in['persons']!, { ...personSerdes, store: 'persons' })
          .filter(({ state }) => state === 'OR' || state === 'ID' || state === 'CA')
        builder
          .table(topics.in['auctions']!, { ...auctionSerdes, store: 'auctions' })
          .filter(({ category }) => category === 10)
          .join(
            sellers,
            ({ seller }) => String(seller),
            ({ id }, { name, city, state }) => `${name} ${city} ${state} ${id}`,
          )
          .toStream()
          .to(topics.out, { value: string() })
      },
      java: `
        KTable<String, JsonNode> sellers =
            builder.table(in("persons"), Consumed.with(Serdes.String(), JSON_SERDE), Materialized.as("persons"))
                .filter((key, person) -> Set.of("OR", "ID", "CA").contains(person.get("state").asText()));
        KTable<String, String> joined =
            builder.table(in("auctions"), Consumed.with(Serdes.String(), JSON_SERDE), Materialized.as("auctions"))
                .filter((key, auction) -> auction.get("category").asInt() == 10)
                .join(sellers, auction -> auction.get("seller").asText(),
                    (auction, person) -> person.get("name").asText() + " " + person.get("city").asText() + " "
                        + person.get("state").asText() + " " + auction.get("id").asText(),
                    Materialized.with(Serdes.String(), Serdes.String()));
        joined.toStream().to(out(), Produced.with(Serdes.String(), Serdes.String()));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'nexmark-q5',
    title: 'Nexmark q5: the auction with most bids in hopping windows',
    goal: { atLeast: 1.5 },
    inputs: { bids },
    compare: 'last',
    topology: {
      millrace(builder, topics) {
        builder
          .stream(topics.in['bids']!, bidSerdes)
          .groupByKey()
          .windowedBy(hopping({ sizeMs: 10_000, advanceMs: 2_000, graceMs: 0 }))
          .count({ store: 'bids-per-auction' })
          .toStream()
          .map((count, { key, window }) => [String(window.start), `${String(count).padStart(10, '0')} ${key}`] as const)
          .groupByKey({ key: string(), value: string() })
          .reduce((most, next) => (next > most ? next : most), { store: 'hottest' })
          .toStream()
          .to(topics.out)
      },
      java: `
        builder.stream(in("bids"), Consumed.with(Serdes.String(), JSON_SERDE))
            .groupByKey()
            .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(10_000)).advanceBy(Duration.ofMillis(2_000)))
            .count(Materialized.as("bids-per-auction"))
            .toStream()
            .map((key, count) -> KeyValue.pair(String.valueOf(key.window().start()),
                String.format("%010d %s", count, key.key())))
            .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
            .reduce((most, next) -> next.compareTo(most) > 0 ? next : most, Materialized.as("hottest"))
            .toStream()
            .to(out(), Produced.with(Serdes.String(), Serdes.String()));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'nexmark-q7',
    title: 'Nexmark q7: the highest bid of each window',
    goal: { atLeast: 1.5 },
    inputs: { bids },
    compare: 'last',
    topology: {
      millrace(builder, topics) {
        builder
          .stream(topics.in['bids']!, bidSerdes)
          .map(({ price }) => ['all', BigInt(price)] as const)
          .groupByKey({ key: string(), value: long() })
          .windowedBy(tumbling({ sizeMs: 10_000, graceMs: DAY_MS }))
          .reduce((highest, next) => (next > highest ? next : highest), { store: 'highest' })
          .toStream()
          .to(topics.out)
      },
      java: `
        builder.stream(in("bids"), Consumed.with(Serdes.String(), JSON_SERDE))
            .map((key, bid) -> KeyValue.pair("all", bid.get("price").asLong()))
            .groupByKey(Grouped.with(Serdes.String(), Serdes.Long()))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10_000), Duration.ofMillis(${DAY_MS})))
            .reduce((highest, next) -> next > highest ? next : highest, Materialized.as("highest"))
            .toStream()
            .to(out(), Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 10_000L), Serdes.Long()));
      `,
    },
  },
  {
    kind: 'throughput',
    id: 'nexmark-q8',
    title: 'Nexmark q8: new persons with new auctions, a join of streams',
    goal: { atLeast: 1.5 },
    inputs: { auctions, persons },
    compare: 'any-order',
    topology: {
      millrace(builder, topics) {
        const bySeller = builder.stream(topics.in['auctions']!, auctionSerdes).selectKey(({ seller }) => String(seller))
        builder
          .stream(topics.in['persons']!, personSerdes)
          .join(bySeller, ({ name }, { id }) => `${name} ${id}`, {
            ...personSerdes,
            otherValue: json<Auction>(),
            windows: joinWindows({ timeDifferenceMs: 10_000, graceMs: DAY_MS }),
          })
          .to(topics.out, { value: string() })
      },
      java: `
        KStream<String, JsonNode> bySeller = builder.stream(in("auctions"), Consumed.with(Serdes.String(), JSON_SERDE))
            .selectKey((key, auction) -> auction.get("seller").asText());
        builder.stream(in("persons"), Consumed.with(Serdes.String(), JSON_SERDE))
            .join(bySeller, (person, auction) -> person.get("name").asText() + " " + auction.get("id").asText(),
                JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(10_000), Duration.ofMillis(${DAY_MS})),
                StreamJoined.with(Serdes.String(), JSON_SERDE, JSON_SERDE))
            .to(out(), Produced.with(Serdes.String(), Serdes.String()));
      `,
    },
  },
] satisfies readonly ThroughputWorkload[]
