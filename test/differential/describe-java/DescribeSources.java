import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Writes what Kafka Streams prints for topologies with patterns, global tables and global stores, and for some with
 * topology.optimization=all, whose names begin with "optimized-", and with the mended process() if they end in "-process-counts". The same ones stand in sources-and-optimisation.test.ts.
 */
public final class DescribeSources {
    private static final Serde<String> TEXT = Serdes.String();
    private static final Consumed<String, String> TEXTS = Consumed.with(TEXT, TEXT);
    private static final Grouped<String, String> GROUPED = Grouped.with(TEXT, TEXT);
    private static final Produced<String, String> WRITTEN = Produced.with(TEXT, TEXT);
    private static final Map<String, Consumer<StreamsBuilder>> TOPOLOGIES = new TreeMap<>();

    static {
        TOPOLOGIES.put("pattern", b -> b.stream(Pattern.compile("orders-.*"), TEXTS).to("out"));
        TOPOLOGIES.put("pattern-twice", b -> {
            b.stream(Pattern.compile("orders-[a-z]+"), TEXTS.withName("orders")).to("one");
            b.stream(Pattern.compile("orders-[a-z]+"), TEXTS).mapValues(v -> v).to("two", WRITTEN);
        });
        TOPOLOGIES.put("pattern-counted", b ->
            b.stream(Pattern.compile("in-.*"), TEXTS).groupBy((k, v) -> v).count().toStream().to("counts"));
        TOPOLOGIES.put("global-table", b -> {
            GlobalKTable<String, String> g = b.globalTable("g", TEXTS);
            b.stream("s", TEXTS).join(g, (k, v) -> v, (x, y) -> x).to("out", WRITTEN);
            b.stream("s2", TEXTS).leftJoin(g, (k, v) -> v, (x, y) -> x).to("out2", WRITTEN);
        });
        TOPOLOGIES.put("global-table-named", b -> {
            GlobalKTable<String, String> g = b.globalTable("g", TEXTS.withName("codes"), Materialized.as("codes-store"));
            b.stream("s", TEXTS).join(g, (k, v) -> v, (x, y) -> x, Named.as("with-codes")).to("out", WRITTEN);
        });
        TOPOLOGIES.put("global-table-after-map", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).map(KeyValue::pair);
            s.join(b.globalTable("g", TEXTS), (k, v) -> v, (x, y) -> x).groupByKey(GROUPED).count();
        });
        TOPOLOGIES.put("global-table-in-two-sub-topologies", b -> {
            b.table("t", TEXTS).toStream().to("copy");
            GlobalKTable<String, String> g = b.globalTable("g", TEXTS);
            b.stream("s", TEXTS).join(g, (k, v) -> v, (x, y) -> x).selectKey((k, v) -> v).repartition(Repartitioned.with(TEXT, TEXT))
                .leftJoin(g, (k, v) -> v, (x, y) -> x).to("out", WRITTEN);
        });
        TOPOLOGIES.put("global-store", b -> {
            b.addGlobalStore(store("codes"), "g", TEXTS, processor());
            b.stream("s", TEXTS).process(forwarding()).to("out", WRITTEN);
        });
        TOPOLOGIES.put("global-store-named", b -> {
            b.addGlobalStore(store("codes"), "g", TEXTS.withName("keep-codes"), processor());
            b.stream("s", TEXTS).to("out", WRITTEN);
        });

        TOPOLOGIES.put("optimized-table", b -> b.table("t", TEXTS, Materialized.as("kept")).toStream().to("out", WRITTEN));
        TOPOLOGIES.put("optimized-two-aggregations", b -> {
            KGroupedStream<String, String> g = b.stream("s", TEXTS).groupBy((k, v) -> v, GROUPED);
            g.count().toStream().to("counts", Produced.with(TEXT, Serdes.Long()));
            g.reduce((x, y) -> x).toStream().to("reduced", WRITTEN);
        });
        TOPOLOGIES.put("optimized-select-key", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).selectKey((k, v) -> v);
            s.groupByKey(GROUPED).count().toStream().to("counts", Produced.with(TEXT, Serdes.Long()));
            s.filter((k, v) -> true).groupByKey(GROUPED).count(Materialized.as("filtered"));
            s.join(b.table("t", TEXTS), (x, y) -> x, Joined.with(TEXT, TEXT, TEXT)).to("joined", WRITTEN);
        });
        TOPOLOGIES.put("optimized-value-changing-between", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).map(KeyValue::pair);
            s.mapValues(v -> v).groupByKey(GROUPED).count(Materialized.as("mapped"));
            s.filter((k, v) -> true).groupByKey(GROUPED).count(Materialized.as("plain"));
            s.groupByKey(GROUPED).count(Materialized.as("direct"));
        });
        TOPOLOGIES.put("optimized-one-aggregation", b ->
            b.stream("s", TEXTS).selectKey((k, v) -> v).filter((k, v) -> true).groupByKey(GROUPED).count());
        TOPOLOGIES.put("optimized-named-groups", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).selectKey((k, v) -> v);
            s.groupByKey(Grouped.with("first", TEXT, TEXT)).count(Materialized.as("one"));
            s.groupByKey(Grouped.with("second", TEXT, TEXT)).reduce((x, y) -> x, Materialized.as("two"));
        });
        TOPOLOGIES.put("optimized-process", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).process(forwarding());
            s.groupByKey(GROUPED).count(Materialized.as("one"));
            s.groupByKey(GROUPED).count(Materialized.as("two"));
        });
        Consumer<StreamsBuilder> processedValues = b -> {
            KStream<String, String> s = b.stream("s", TEXTS).selectKey((k, v) -> v).processValues(forwardingValues());
            s.groupByKey(GROUPED).count(Materialized.as("one"));
        };
        TOPOLOGIES.put("optimized-process-values", processedValues);
        TOPOLOGIES.put("optimized-values-process-counts", processedValues);
        TOPOLOGIES.put("optimized-process-counts", TOPOLOGIES.get("optimized-process"));
        TOPOLOGIES.put("optimized-merge", b -> {
            KStream<String, String> one = b.stream("a", TEXTS).selectKey((k, v) -> v);
            KStream<String, String> two = b.stream("b", TEXTS).selectKey((k, v) -> v);
            KStream<String, String> both = one.merge(two);
            both.groupByKey(GROUPED).count(Materialized.as("one"));
            both.groupByKey(GROUPED).count(Materialized.as("two"));
        });
        TOPOLOGIES.put("optimized-merge-one-side", b -> {
            KStream<String, String> both = b.stream("a", TEXTS).selectKey((k, v) -> v).merge(b.stream("b", TEXTS));
            both.groupByKey(GROUPED).count(Materialized.as("one"));
            both.filter((k, v) -> true).groupByKey(GROUPED).count(Materialized.as("two"));
        });
        TOPOLOGIES.put("optimized-repartition", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).selectKey((k, v) -> v);
            s.repartition(Repartitioned.with(TEXT, TEXT)).groupByKey(GROUPED).count(Materialized.as("one"));
            s.groupByKey(GROUPED).count(Materialized.as("two"));
            s.groupByKey(GROUPED).count(Materialized.as("three"));
        });
        TOPOLOGIES.put("optimized-nested", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).selectKey((k, v) -> v);
            s.groupByKey(GROUPED).count(Materialized.as("one"));
            KStream<String, String> again = s.selectKey((k, v) -> k);
            again.groupByKey(GROUPED).count(Materialized.as("two"));
            again.filterNot((k, v) -> true).groupByKey(GROUPED).count(Materialized.as("three"));
        });
        TOPOLOGIES.put("optimized-to-table", b -> {
            KStream<String, String> s = b.stream("s", TEXTS).selectKey((k, v) -> v);
            KTable<String, String> t = s.toTable(Materialized.with(TEXT, TEXT));
            s.groupByKey(GROUPED).count(Materialized.as("one"));
            t.toStream().to("out", WRITTEN);
        });
        TOPOLOGIES.put("optimized-windows", b -> {
            KGroupedStream<String, String> g = b.stream("s", TEXTS).selectKey((k, v) -> v).groupByKey(GROUPED);
            g.windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(10))).count(Materialized.as("windows"));
            g.count(Materialized.as("plain")).toStream().to("counts", Produced.with(TEXT, Serdes.Long()));
        });
        TOPOLOGIES.put("optimized-self-join", b -> {
            KStream<String, String> s = b.stream("s", TEXTS);
            s.join(s, (x, y) -> x, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(1)), StreamJoined.with(TEXT, TEXT, TEXT))
                .to("out", WRITTEN);
        });
        TOPOLOGIES.put("optimized-self-join-by-two-sources", b -> {
            KStream<String, String> s = b.stream("s", TEXTS);
            KStream<String, String> same = b.stream("s", TEXTS);
            s.join(same, (x, y) -> x, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(1)), StreamJoined.with(TEXT, TEXT, TEXT))
                .to("out", WRITTEN);
        });
        TOPOLOGIES.put("optimized-self-left-join", b -> {
            KStream<String, String> s = b.stream("s", TEXTS);
            s.leftJoin(s, (x, y) -> x, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(1)), StreamJoined.with(TEXT, TEXT, TEXT))
                .to("out", WRITTEN);
        });
        TOPOLOGIES.put("optimized-no-self-join", b -> {
            KStream<String, String> s = b.stream("s", TEXTS);
            s.join(s.filter((k, v) -> true), (x, y) -> x, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(1)), StreamJoined.with(TEXT, TEXT, TEXT))
                .to("out", WRITTEN);
        });
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        Files.createDirectories(directory);
        for (Map.Entry<String, Consumer<StreamsBuilder>> topology : TOPOLOGIES.entrySet()) {
            Properties properties = new Properties();
            properties.put("application.id", "app");
            properties.put("bootstrap.servers", "none:9092");
            properties.put("default.key.serde", Serdes.StringSerde.class.getName());
            properties.put("default.value.serde", Serdes.StringSerde.class.getName());
            properties.put("topology.optimization", topology.getKey().startsWith("optimized-") ? "all" : "none");
            properties.put("__enable.process.processValue.fix__", topology.getKey().endsWith("-process-counts"));
            StreamsBuilder builder = new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties)));
            topology.getValue().accept(builder);
            Topology built = builder.build(properties);
            Files.writeString(directory.resolve(topology.getKey() + ".txt"), built.describe().toString());
        }
    }

    private static StoreBuilder<KeyValueStore<String, String>> store(String name) {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), TEXT, TEXT).withLoggingDisabled();
    }

    private static ProcessorSupplier<String, String, String, String> forwarding() {
        return () -> new ContextualProcessor<>() {
            @Override public void process(Record<String, String> record) { context().forward(record); }
        };
    }

    private static FixedKeyProcessorSupplier<String, String, String> forwardingValues() {
        return () -> new ContextualFixedKeyProcessor<>() {
            @Override public void process(FixedKeyRecord<String, String> record) { context().forward(record); }
        };
    }

    private static ProcessorSupplier<String, String, Void, Void> processor() {
        return () -> new ContextualProcessor<>() {
            @Override public void process(Record<String, String> record) { }
        };
    }
}
