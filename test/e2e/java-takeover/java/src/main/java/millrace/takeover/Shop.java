package millrace.takeover;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** The application, as {@code ../../../../../../shop.ts} has it in Millrace: the same steps in the same order. */
final class Shop {
  private static final Serde<String> STRING = Serdes.String();
  private static final Serde<Integer> INTEGER = Serdes.Integer();
  private static final Serde<Long> LONG = Serdes.Long();
  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

  private Shop() {}

  static Topology build(String inputs, String outputs) {
    StreamsBuilder builder = new StreamsBuilder();
    Consumed<String, String> strings = Consumed.with(STRING, STRING);
    TimeWindows windows = TimeWindows.ofSizeAndGrace(TEN_SECONDS, Duration.ofSeconds(5));
    TimeWindows patient = TimeWindows.ofSizeAndGrace(TEN_SECONDS, Duration.ofMinutes(10));
    var windowed = Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, TEN_SECONDS.toMillis()), LONG);

    KStream<String, String> clicks = builder.stream(inputs + "-clicks", strings);
    clicks
        .groupBy((user, page) -> page, Grouped.with("by-page", STRING, STRING))
        .windowedBy(patient)
        .count(Materialized.as("clicks-per-page"))
        .toStream()
        .to(outputs + "-page-windows", windowed);
    clicks
        .groupByKey(Grouped.with(STRING, STRING))
        .windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofSeconds(3), Duration.ofSeconds(5)))
        .count()
        .toStream()
        .to(outputs + "-visits", Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), LONG));
    clicks
        .groupByKey(Grouped.with(STRING, STRING))
        .windowedBy(windows)
        .emitStrategy(EmitStrategy.onWindowClose())
        .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("closed").withCachingDisabled())
        .toStream()
        .to(outputs + "-closed-windows", windowed);
    clicks
        .groupByKey(Grouped.with(STRING, STRING))
        .windowedBy(windows)
        .count(Materialized.as("clicks-per-user"))
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()).withName("until-final"))
        .toStream()
        .to(outputs + "-final-windows", windowed);

    KTable<String, String> rates =
        builder.table(
            inputs + "-rates",
            strings,
            Materialized.as(Stores.persistentVersionedKeyValueStore("rates", Duration.ofSeconds(60))));
    Joined<String, String, String> rated = Joined.with(STRING, STRING, STRING);
    clicks
        .leftJoin(
            rates,
            (page, rate) -> page + " at " + rate,
            rated.withName("rated").withGracePeriod(Duration.ofSeconds(4)))
        .to(outputs + "-rated", Produced.with(STRING, STRING));
    clicks
        .leftJoin(rates, (page, rate) -> page + " at " + rate, rated)
        .to(outputs + "-rated-at-once", Produced.with(STRING, STRING));

    KStream<String, String> orders = builder.stream(inputs + "-orders", strings);
    KStream<String, String> payments = builder.stream(inputs + "-payments", strings);
    orders
        .leftJoin(
            payments,
            (order, payment) -> order + "/" + payment,
            JoinWindows.ofTimeDifferenceAndGrace(Duration.ofSeconds(5), Duration.ofSeconds(2)),
            StreamJoined.with(STRING, STRING, STRING))
        .to(outputs + "-paid", Produced.with(STRING, STRING));

    KTable<String, String> products = builder.table(inputs + "-products", strings);
    KTable<String, String> suppliers = builder.table(inputs + "-suppliers", strings);
    products
        .join(suppliers, product -> product.split(" ")[0], (product, supplier) -> product + " of " + supplier)
        .toStream()
        .to(outputs + "-supplied", Produced.with(STRING, STRING));
    products
        .groupBy(
            (id, product) -> KeyValue.pair(product.split(" ")[0], Integer.valueOf(product.split(" ")[1])),
            Grouped.with(STRING, INTEGER))
        .aggregate(
            () -> 0,
            (supplier, pieces, sum) -> sum + pieces,
            (supplier, pieces, sum) -> sum - pieces,
            Materialized.<String, Integer, KeyValueStore<Bytes, byte[]>>as("stock").withValueSerde(INTEGER))
        .toStream()
        .to(outputs + "-stock", Produced.with(STRING, INTEGER));
    return builder.build();
  }
}
