import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.RecordContext;
import org.apache.kafka.streams.processor.TopicNameExtractor;
import org.apache.kafka.streams.processor.internals.InternalTopicConfig;
import org.apache.kafka.streams.processor.internals.InternalTopologyBuilder;
import org.apache.kafka.streams.processor.internals.TopologyMetadata;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** Writes what Kafka Streams prints for each topology, and which topics it has. The same ones stand in kafka-streams.test.ts under the same names. */
public final class DescribeTopologies {
    private static final Serde<String> TEXT = Serdes.String();
    private static final Serde<Long> LONG = Serdes.Long();
    private static final Consumed<String, String> TEXTS = Consumed.with(TEXT, TEXT);
    private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(10));

    private static final JoinWindows NEAR = JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(5), Duration.ofSeconds(3));

    private static final Map<String, Consumer<StreamsBuilder>> TOPOLOGIES = new TreeMap<>();

    static {
        TOPOLOGIES.put("word-count", b -> words(b).count().toStream().to("counts"));
        TOPOLOGIES.put("word-count-store-named", b -> words(b).count(Materialized.as("counts")).toStream().to("counts-out"));
        TOPOLOGIES.put("word-count-store-settings", b -> words(b).count(Materialized.with(TEXT, LONG)).toStream().to("counts"));
        TOPOLOGIES.put("word-count-all-named", b -> b
            .stream("lines", TEXTS.withName("read-lines"))
            .flatMapValues(v -> List.of(v.split(" ")), Named.as("words"))
            .groupBy((k, v) -> v, Grouped.with("by-word", TEXT, TEXT))
            .count(Named.as("count-words"), Materialized.as("counts"))
            .toStream(Named.as("count-changes"))
            .to("counts-out", Produced.<String, Long>with(TEXT, LONG).withName("write-counts")));
        TOPOLOGIES.put("stateless", b -> {
            KStream<String, String> s = texts(b, "in");
            s.filter((k, v) -> true).filterNot((k, v) -> true).mapValues(v -> v).map(KeyValue::pair)
                .flatMapValues(v -> List.of(v)).flatMap((k, v) -> List.of(KeyValue.pair(k, v)))
                .selectKey((k, v) -> k).peek((k, v) -> { }).to("out");
            s.foreach((k, v) -> { });
            s.print(Printed.toSysOut());
        });
        TOPOLOGIES.put("stateless-named", b -> {
            KStream<String, String> s = b.stream("in", TEXTS.withName("source"));
            s.filter((k, v) -> true, Named.as("f")).filterNot((k, v) -> true, Named.as("fn")).mapValues(v -> v, Named.as("mv"))
                .map(KeyValue::pair, Named.as("m")).flatMapValues(v -> List.of(v), Named.as("fmv"))
                .flatMap((k, v) -> List.of(KeyValue.pair(k, v)), Named.as("fm"))
                .selectKey((k, v) -> k, Named.as("sk")).peek((k, v) -> { }, Named.as("p")).to("out");
            s.foreach((k, v) -> { }, Named.as("each"));
            s.print(Printed.<String, String>toSysOut().withName("printer"));
            s.mapValues(v -> v).to("out2", Produced.as("sink"));
        });
        TOPOLOGIES.put("several-topics", b -> b.stream(List.of("b", "a", "c"), TEXTS).to("out"));
        TOPOLOGIES.put("same-topic-twice", b -> {
            texts(b, "in").filter((k, v) -> true).to("first");
            texts(b, "other").to("third");
            texts(b, "in").mapValues(v -> v).to("second");
        });
        TOPOLOGIES.put("diamond", b -> {
            KStream<String, String> s = texts(b, "in");
            s.filter((k, v) -> true).merge(s.mapValues(v -> v)).merge(s).to("out");
        });
        TOPOLOGIES.put("merge-then-count", b -> texts(b, "left").selectKey((k, v) -> v).merge(texts(b, "right"), Named.as("both"))
            .groupByKey(Grouped.with(TEXT, TEXT)).count());
        TOPOLOGIES.put("topic-choice", b -> texts(b, "in").to(new TopicNameExtractor<String, String>() {
            @Override public String extract(String key, String value, RecordContext context) { return value; }
            @Override public String toString() { return "topicOf"; }
        }));
        TOPOLOGIES.put("branches", b -> {
            Map<String, KStream<String, String>> branches = texts(b, "in").split()
                .branch((k, v) -> true).branch((k, v) -> true).defaultBranch();
            branches.get("KSTREAM-BRANCH-00000000011").to("one");
            branches.get("KSTREAM-BRANCH-00000000010").to("rest");
            branches.get("KSTREAM-BRANCH-00000000012").mapValues(v -> v).to("two");
        });
        TOPOLOGIES.put("branches-named", b -> {
            Map<String, KStream<String, String>> branches = texts(b, "in").split(Named.as("by-size-"))
                .branch((k, v) -> true, Branched.as("large")).branch((k, v) -> true).defaultBranch(Branched.as("rest"));
            branches.get("by-size-large").to("large");
            branches.get("by-size-2").to("two");
            branches.get("by-size-rest").to("rest");
        });
        TOPOLOGIES.put("branches-without-default", b -> {
            Map<String, KStream<String, String>> branches = texts(b, "in").split().branch((k, v) -> true).noDefaultBranch();
            branches.get("KSTREAM-BRANCH-00000000011").groupBy((k, v) -> v).count();
        });
        TOPOLOGIES.put("repartition", b -> {
            texts(b, "in").repartition().to("out");
            texts(b, "in2").map(KeyValue::pair).repartition(Repartitioned.<String, String>as("by-key").withNumberOfPartitions(3))
                .groupByKey().count();
            texts(b, "in3").map(KeyValue::pair).repartition(Repartitioned.with(TEXT, TEXT)).mapValues(v -> v).to("out3");
        });
        TOPOLOGIES.put("stream-table-join", b -> {
            KTable<String, String> customers = b.table("customers", TEXTS);
            KStream<String, String> orders = texts(b, "orders");
            orders.join(customers, (o, c) -> o).to("enriched");
            orders.leftJoin(customers, (o, c) -> o, Joined.as("maybe")).to("maybe-enriched");
        });
        TOPOLOGIES.put("stream-table-join-after-map", b -> {
            KStream<String, String> s = texts(b, "orders");
            KTable<String, String> t = b.table("customers", TEXTS);
            s.map(KeyValue::pair).join(t, (o, c) -> o).to("enriched");
        });
        TOPOLOGIES.put("stream-table-join-named", b -> {
            KTable<String, String> t = b.table("customers", TEXTS.withName("read-customers"), Materialized.as("customers-store"));
            texts(b, "orders").selectKey((k, v) -> v).join(t, (o, c) -> o, Joined.with(TEXT, TEXT, TEXT, "enrich")).to("enriched");
        });
        TOPOLOGIES.put("two-joins-after-map", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            KTable<String, String> u = b.table("u", TEXTS);
            KStream<String, String> s = texts(b, "in").map(KeyValue::pair);
            s.join(t, (o, c) -> o).to("first");
            s.leftJoin(u, (o, c) -> o).to("second");
        });
        TOPOLOGIES.put("two-joins-after-map-one-named", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            KStream<String, String> s = texts(b, "in").map(KeyValue::pair);
            s.join(t, (o, c) -> o).to("first");
            s.join(t, (o, c) -> o, Joined.with(TEXT, TEXT, TEXT, "again")).to("second");
        });
        TOPOLOGIES.put("join-with-derived-table", b -> {
            KTable<String, String> t = b.table("t", TEXTS).filter((k, v) -> true).mapValues(v -> v);
            KTable<String, String> kept = b.table("u", TEXTS).mapValues(v -> v, Materialized.as("kept")).filter((k, v) -> true);
            KStream<String, String> s = texts(b, "in");
            s.join(t, (o, c) -> o).join(kept, (o, c) -> o).to("out");
        });
        TOPOLOGIES.put("join-with-aggregate", b -> {
            KTable<String, Long> counts = texts(b, "clicks").groupBy((k, v) -> v).count();
            texts(b, "views").selectKey((k, v) -> v).leftJoin(counts, (v, c) -> v).to("out");
            texts(b, "views2").join(counts.mapValues(v -> v), (v, c) -> v).to("out2");
        });
        TOPOLOGIES.put("to-table", b -> {
            texts(b, "a").toTable().toStream().to("a-out");
            texts(b, "b").toTable(Materialized.as("b-store")).toStream().to("b-out");
            texts(b, "c").map(KeyValue::pair).toTable(Named.as("c-table"), Materialized.with(TEXT, TEXT)).toStream().to("c-out");
            KTable<String, String> d = texts(b, "d").selectKey((k, v) -> v).toTable();
            texts(b, "e").join(d, (v, w) -> v).to("e-out");
        });
        TOPOLOGIES.put("table-steps", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            t.filter((k, v) -> true).toStream().to("filtered");
            t.filterNot((k, v) -> true, Materialized.with(TEXT, TEXT)).toStream(Named.as("changes")).to("not-filtered");
            t.mapValues(v -> v, Named.as("mapped"), Materialized.as("mapped-store")).toStream((k, v) -> v).to("mapped");
            t.mapValues(v -> v, Materialized.with(TEXT, TEXT)).filter((k, v) -> true, Named.as("f"), Materialized.as("f-store"))
                .toStream((k, v) -> v, Named.as("by-value")).to("twice");
        });
        TOPOLOGIES.put("table-stored", b -> {
            b.table("a", TEXTS, Materialized.as("a-store")).toStream().to("a-out");
            b.table("b", TEXTS, Materialized.with(TEXT, TEXT)).toStream().to("b-out");
        });
        TOPOLOGIES.put("several-aggregations", b -> {
            KGroupedStream<String, String> g = texts(b, "in").groupBy((k, v) -> v);
            g.count();
            g.reduce((x, y) -> x);
            g.aggregate(() -> "", (k, v, a) -> a, Materialized.with(TEXT, TEXT));
        });
        TOPOLOGIES.put("several-aggregations-named", b -> {
            KGroupedStream<String, String> g = texts(b, "in").groupBy((k, v) -> v, Grouped.with("grouped", TEXT, TEXT));
            g.count(Named.as("counter"));
            g.reduce((x, y) -> x, Materialized.as("reduced")).toStream().to("reduced-out");
            g.aggregate(() -> "", (k, v, a) -> a, Named.as("aggregator"), Materialized.as("aggregated"));
        });
        TOPOLOGIES.put("group-by-key", b -> {
            texts(b, "in").groupByKey().reduce((x, y) -> x).toStream().to("out");
            texts(b, "in2").mapValues(v -> v).groupByKey(Grouped.with("unused-name", TEXT, TEXT)).count(Materialized.as("c"));
        });
        TOPOLOGIES.put("windowed", b -> {
            texts(b, "views").groupByKey().windowedBy(MINUTE).count().toStream((w, c) -> w.key()).to("per-minute");
            TimeWindowedKStream<String, String> w = texts(b, "clicks").groupBy((k, v) -> v).windowedBy(MINUTE);
            w.count(Materialized.as("clicks-per-minute"));
            w.count(Materialized.with(TEXT, LONG));
            w.reduce((x, y) -> x, Named.as("window-reduce"));
            w.aggregate(() -> "", (k, v, a) -> a, Materialized.with(TEXT, TEXT)).toStream().to("aggregates");
        });
        TOPOLOGIES.put("windows-of-all-kinds", b -> {
            KGroupedStream<String, String> g = texts(b, "in").groupByKey();
            TimeWindowedKStream<String, String> sliding = g.windowedBy(
                SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(2), Duration.ofSeconds(5)));
            sliding.count();
            sliding.count(Materialized.with(TEXT, LONG)).toStream((w, c) -> w.key()).to("slid");
            SessionWindowedKStream<String, String> sessions = texts(b, "clicks").groupBy((k, v) -> v).windowedBy(
                SessionWindows.ofInactivityGapAndGrace(Duration.ofMinutes(3), Duration.ofSeconds(7)));
            sessions.count();
            sessions.count(Materialized.with(TEXT, LONG));
            sessions.reduce((x, y) -> x, Named.as("session-reduce"), Materialized.as("sessions"));
            sessions.aggregate(() -> "", (k, v, a) -> a, (k, x, y) -> x, Materialized.with(TEXT, TEXT)).toStream().to("aggregates");
            g.windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(10)).advanceBy(Duration.ofSeconds(20)))
                .emitStrategy(EmitStrategy.onWindowClose()).reduce((x, y) -> x);
            g.windowedBy(UnlimitedWindows.of()).count(Named.as("ever"));
        });
        TOPOLOGIES.put("stream-joins", b -> {
            KStream<String, String> left = texts(b, "left");
            KStream<String, String> right = texts(b, "right");
            left.join(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT)).to("inner");
            left.leftJoin(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT)).to("left-out");
            left.outerJoin(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT)).to("outer");
            left.selectKey((k, v) -> v).join(right.selectKey((k, v) -> v), (x, y) -> x, NEAR,
                StreamJoined.with(TEXT, TEXT, TEXT)).to("keyed");
            left.join(left, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT)).to("self");
        });
        TOPOLOGIES.put("stream-joins-named", b -> {
            KStream<String, String> left = texts(b, "left").selectKey((k, v) -> v);
            KStream<String, String> right = texts(b, "right").selectKey((k, v) -> v);
            left.join(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT).withName("in").withStoreName("kept-in"));
            left.leftJoin(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT).withName("le").withStoreName("kept-le"));
            left.outerJoin(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT).withName("ou").withStoreName("kept-ou"));
            left.outerJoin(right, (x, y) -> x, NEAR, StreamJoined.with(TEXT, TEXT, TEXT).withLoggingDisabled());
        });
        TOPOLOGIES.put("cogroups", b -> {
            KGroupedStream<String, String> one = texts(b, "one").groupByKey();
            KGroupedStream<String, String> two = texts(b, "two").groupBy((k, v) -> v);
            KGroupedStream<String, String> three = texts(b, "three").groupBy((k, v) -> v, Grouped.with("by-value", TEXT, TEXT));
            CogroupedKStream<String, String> all = one.<String>cogroup((k, v, a) -> a).cogroup(two, (k, v, a) -> a).cogroup(three, (k, v, a) -> a);
            all.aggregate(() -> "", Materialized.with(TEXT, TEXT)).toStream().to("out");
            all.aggregate(() -> "", Named.as("named"), Materialized.as("kept"));
            one.<String>cogroup((k, v, a) -> a).windowedBy(MINUTE).aggregate(() -> "", Materialized.with(TEXT, TEXT));
            one.<String>cogroup((k, v, a) -> a).windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofMinutes(3), Duration.ofSeconds(7)))
                .aggregate(() -> "", (k, x, y) -> x, Materialized.with(TEXT, TEXT));
        });
        TOPOLOGIES.put("processors", b -> {
            b.addStateStore(store("shared")).addStateStore(store("own")).addStateStore(store("other"));
            texts(b, "a").process(processor(), "shared", "own").to("a-out");
            texts(b, "b").process(processor(), Named.as("reader"), "shared").groupByKey(Grouped.with(TEXT, TEXT)).count();
            texts(b, "c").processValues(fixedKey(), "other").groupByKey(Grouped.with(TEXT, TEXT)).count();
            texts(b, "d").processValues(fixedKey(), Named.as("values")).to("d-out");
        });
        TOPOLOGIES.put("processor-reads-table-store", b -> {
            b.table("settings", TEXTS, Materialized.as("settings-store"));
            texts(b, "in").process(processor(), "settings-store").to("out");
        });
        TOPOLOGIES.put("store-settings", b -> {
            b.table("a", TEXTS, Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("unlogged").withLoggingDisabled());
            KGroupedStream<String, String> g = texts(b, "in").groupByKey();
            g.count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("logged").withCachingDisabled()
                .withLoggingEnabled(Map.of("min.compaction.lag.ms", "5")));
            g.windowedBy(MINUTE).count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("kept-long")
                .withRetention(Duration.ofHours(1)));
        });
        TOPOLOGIES.put("copartitioned-twice", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            KTable<String, String> moved = texts(b, "m").selectKey((k, v) -> v).toTable(Named.as("moved"), Materialized.with(TEXT, TEXT));
            texts(b, "a").join(t, (x, y) -> x).join(moved, (x, y) -> x).to("a-out");
            texts(b, "b").merge(texts(b, "c")).leftJoin(t, (x, y) -> x).to("b-out");
            texts(b, "d").repartition(Repartitioned.<String, String>as("five").withNumberOfPartitions(5)).join(moved, (x, y) -> x);
        });
        TOPOLOGIES.put("sub-topology-ids", b -> {
            b.stream("z", TEXTS.withName("zz")).to("z-out");
            b.stream("a", TEXTS.withName("aa")).groupBy((k, v) -> v).count().toStream().to("a-out");
            b.table("m", TEXTS.withName("mm"), Materialized.as("m-store")).toStream().groupBy((k, v) -> v).reduce((x, y) -> x);
            b.stream("b", TEXTS.withName("bb")).join(b.table("n", TEXTS), (x, y) -> x).to("b-out");
        });
        TOPOLOGIES.put("fan-out", b -> {
            KStream<String, String> s = texts(b, "in").mapValues(v -> v);
            s.to("one");
            s.filter((k, v) -> true).to("two");
            s.groupBy((k, v) -> v).count().filter((k, v) -> v > 1).toStream().peek((k, v) -> { }).to("three");
            s.repartition(Repartitioned.as("again")).to("four");
        });
        TOPOLOGIES.put("chained-aggregations", b -> texts(b, "in").groupBy((k, v) -> v).count().toStream()
            .map((k, v) -> KeyValue.pair(k, k)).groupByKey(Grouped.with(TEXT, TEXT)).windowedBy(MINUTE).count()
            .toStream().map((w, c) -> KeyValue.pair(w.key(), w.key())).toTable(Materialized.with(TEXT, TEXT)).toStream().to("out"));
        groupedTables();
        joinedTables();
        foreignKeyJoins();
        suppressedTables();
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        Properties properties = new Properties();
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "none:9092");
        properties.put("default.key.serde", Serdes.StringSerde.class.getName());
        properties.put("default.value.serde", Serdes.StringSerde.class.getName());
        List<String> topics = new ArrayList<>();
        for (Map.Entry<String, Consumer<StreamsBuilder>> topology : TOPOLOGIES.entrySet()) {
            StreamsBuilder builder = new StreamsBuilder();
            topology.getValue().accept(builder);
            Topology built = builder.build(properties);
            Files.writeString(directory.resolve(topology.getKey() + ".txt"), built.describe().toString());
            topics.add(quoted(topology.getKey()) + ": " + topicsOf(built, properties));
        }
        Files.writeString(directory.resolve("topics.json"), "{\n" + String.join(",\n", topics) + "\n}\n");
    }

    /** What the group's leader would be told: topics of each sub-topology with their settings, and who shares partitions. */
    private static String topicsOf(Topology topology, Properties properties) throws Exception {
        InternalTopologyBuilder internal = (InternalTopologyBuilder) hidden(Topology.class, "internalTopologyBuilder").get(topology);
        Field number = hidden(TopologyMetadata.Subtopology.class, "nodeGroupId");
        internal.rewriteTopology(new StreamsConfig(properties));
        internal.buildTopology();
        Map<Integer, String> subTopologies = new TreeMap<>();
        for (var entry : internal.subtopologyToTopicsInfo().entrySet()) {
            InternalTopologyBuilder.TopicsInfo info = entry.getValue();
            subTopologies.put((Integer) number.get(entry.getKey()), "    { \"sources\": "
                + list(info.sourceTopics) + ", \"sinks\": " + list(info.sinkTopics)
                + ",\n      \"repartition\": " + configs(info.repartitionSourceTopics)
                + ",\n      \"changelogs\": " + configs(info.stateChangelogTopics) + " }");
        }
        List<String> groups = internal.copartitionGroups().stream().filter(group -> group.size() > 1)
            .map(DescribeTopologies::list).sorted().collect(Collectors.toList());
        return "{\n  \"subTopologies\": [\n" + String.join(",\n", subTopologies.values())
            + "\n  ],\n  \"copartitioned\": [" + String.join(", ", groups) + "] }";
    }

    private static Field hidden(Class<?> owner, String name) throws NoSuchFieldException {
        Field field = owner.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    private static String configs(Map<String, InternalTopicConfig> topics) {
        return new TreeMap<>(topics).entrySet().stream().map(topic -> quoted(topic.getKey()) + ": { \"partitions\": "
            + (topic.getValue().hasEnforcedNumberOfPartitions() ? topic.getValue().numberOfPartitions().get() : "null")
            + ", \"configs\": {" + new TreeMap<>(topic.getValue().properties(Map.of(), 86_400_000L)).entrySet().stream()
                .map(config -> quoted(config.getKey()) + ": " + quoted(config.getValue())).collect(Collectors.joining(", "))
            + "} }").collect(Collectors.joining(", ", "{", "}"));
    }

    private static String list(Collection<String> texts) {
        return texts.stream().sorted().map(DescribeTopologies::quoted).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }

    private static final Grouped<String, String> GROUPED = Grouped.with(TEXT, TEXT);

    private static void groupedTables() {
        TOPOLOGIES.put("table-grouped", b -> {
            KGroupedTable<String, String> g = b.table("t", TEXTS).groupBy((k, v) -> KeyValue.pair(v, v), GROUPED);
            g.count().toStream().to("counts");
            g.count(Materialized.with(TEXT, LONG));
            g.reduce((x, y) -> x, (x, y) -> x).toStream().to("reduced");
            g.aggregate(() -> "", (k, v, a) -> a, (k, v, a) -> a, Materialized.with(TEXT, TEXT));
        });
        TOPOLOGIES.put("table-grouped-named", b -> {
            KGroupedTable<String, String> g = b.table("t", TEXTS.withName("rows"))
                .groupBy((k, v) -> KeyValue.pair(v, v), Grouped.with("by-value", TEXT, TEXT));
            g.count(Named.as("counter"), Materialized.as("counts")).toStream().to("counts-out");
            g.reduce((x, y) -> x, (x, y) -> x, Named.as("reducer"), Materialized.as("reduced"));
        });
        TOPOLOGIES.put("table-grouped-one-named-operator", b -> b.table("t", TEXTS).groupBy((k, v) -> KeyValue.pair(v, v), GROUPED)
            .reduce((x, y) -> x, (x, y) -> x, Named.as("reducer"), Materialized.with(TEXT, TEXT)).toStream().to("reduced"));
        TOPOLOGIES.put("derived-tables-grouped", b -> {
            b.table("t", TEXTS).filter((k, v) -> true).mapValues(v -> v).groupBy((k, v) -> KeyValue.pair(v, v), GROUPED).count();
            b.table("u", TEXTS).mapValues(v -> v, Materialized.as("mapped")).filter((k, v) -> true)
                .groupBy((k, v) -> KeyValue.pair(v, v), GROUPED).count().groupBy((k, v) -> KeyValue.pair(k, k), GROUPED).count();
            texts(b, "s").groupBy((k, v) -> v).count().groupBy((k, v) -> KeyValue.pair(k, k), GROUPED).count();
        });
    }

    private static void joinedTables() {
        TOPOLOGIES.put("table-joins", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            KTable<String, String> u = b.table("u", TEXTS);
            t.join(u, (x, y) -> x).toStream().to("inner");
            t.leftJoin(u, (x, y) -> x).toStream().to("left");
            t.outerJoin(u, (x, y) -> x).toStream().to("outer");
        });
        TOPOLOGIES.put("table-join-stored", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            KTable<String, String> u = b.table("u", TEXTS);
            t.join(u, (x, y) -> x, Materialized.with(TEXT, TEXT)).toStream().to("inner");
            t.leftJoin(u, (x, y) -> x, Named.as("lefts"), Materialized.as("left-store")).toStream().to("left");
            t.outerJoin(u, (x, y) -> x, Materialized.as("outer-store")).toStream().to("outer");
        });
        TOPOLOGIES.put("table-join-named", b -> b.table("t", TEXTS).join(b.table("u", TEXTS), (x, y) -> x, Named.as("both"))
            .toStream().to("out"));
        TOPOLOGIES.put("table-joins-nested", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            KTable<String, String> u = b.table("u", TEXTS).filter((k, v) -> true);
            KTable<String, String> both = t.join(u, (x, y) -> x).mapValues(v -> v);
            both.outerJoin(b.table("w", TEXTS), (x, y) -> x).toStream().to("out");
            texts(b, "s").leftJoin(both, (x, y) -> x).to("streamed");
            both.groupBy((k, v) -> KeyValue.pair(v, v), GROUPED).count();
        });
        TOPOLOGIES.put("table-join-with-itself", b -> {
            KTable<String, String> t = b.table("t", TEXTS);
            t.join(t, (x, y) -> x).toStream().to("out");
            t.leftJoin(t.mapValues(v -> v), (x, y) -> x).filter((k, v) -> true).toStream().to("out2");
        });
        TOPOLOGIES.put("aggregates-joined", b -> {
            KTable<String, Long> counts = texts(b, "clicks").groupBy((k, v) -> v).count();
            KTable<String, String> moved = texts(b, "m").selectKey((k, v) -> v).toTable(Materialized.with(TEXT, TEXT));
            counts.outerJoin(moved, (x, y) -> y).toStream().to("out", Produced.with(TEXT, TEXT));
        });
    }

    private static void foreignKeyJoins() {
        TOPOLOGIES.put("foreign-key-join", b -> b.table("orders", TEXTS)
            .join(b.table("customers", TEXTS), v -> v, (x, y) -> x, Materialized.with(TEXT, TEXT)).toStream().to("out"));
        TOPOLOGIES.put("foreign-key-left-join-named", b -> b.table("orders", TEXTS)
            .leftJoin(b.table("customers", TEXTS), v -> v, (x, y) -> x, TableJoined.as("enrich"), Materialized.as("enriched"))
            .toStream().to("out"));
        TOPOLOGIES.put("foreign-key-joins-of-derived-tables", b -> {
            KTable<String, String> orders = b.table("orders", TEXTS).filter((k, v) -> true);
            KTable<String, String> customers = b.table("customers", TEXTS).mapValues(v -> v, Materialized.as("mapped"));
            KTable<String, String> joined = orders.leftJoin(customers, v -> v, (x, y) -> x, TableJoined.as("named"),
                Materialized.with(TEXT, TEXT));
            joined.join(b.table("regions", TEXTS), v -> v, (x, y) -> x, Materialized.with(TEXT, TEXT))
                .filter((k, v) -> true).toStream().to("out");
            orders.join(orders, v -> v, (x, y) -> x, Materialized.with(TEXT, TEXT)).toStream().to("out2");
        });
    }

    private static void suppressedTables() {
        TOPOLOGIES.put("suppressed", b -> {
            texts(b, "views").groupByKey().windowedBy(MINUTE).count()
                .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded())).toStream((w, c) -> w.key()).to("final");
            KTable<String, String> t = b.table("t", TEXTS);
            t.suppress(Suppressed.untilTimeLimit(Duration.ofSeconds(5), Suppressed.BufferConfig.maxRecords(10)))
                .filter((k, v) -> true).toStream().to("rare");
            t.mapValues(v -> v, Materialized.with(TEXT, TEXT)).suppress(Suppressed.<String>untilTimeLimit(Duration.ofSeconds(5),
                Suppressed.BufferConfig.unbounded().withLoggingDisabled()).withName("held")).toStream().to("rare2");
        });
        TOPOLOGIES.put("suppressed-joined", b -> {
            KTable<String, Long> held = texts(b, "in").groupBy((k, v) -> v).count()
                .suppress(Suppressed.untilTimeLimit(Duration.ofSeconds(5), Suppressed.BufferConfig.maxBytes(1000)));
            texts(b, "s").join(held.mapValues(v -> v), (v, c) -> v).to("out");
            held.groupBy((k, v) -> KeyValue.pair(k, k), GROUPED).count();
        });
        TOPOLOGIES.put("transformed", b -> {
            b.addStateStore(store("extra"));
            KTable<String, String> t = b.table("t", TEXTS);
            t.transformValues(DescribeTopologies::transformer, "extra").toStream().to("out");
            t.transformValues(DescribeTopologies::transformer, Materialized.with(TEXT, TEXT), Named.as("named"))
                .groupBy((k, v) -> KeyValue.pair(v, v), GROUPED).count();
            t.transformValues(DescribeTopologies::transformer, Materialized.as("kept")).filter((k, v) -> true).toStream().to("out2");
            texts(b, "s").leftJoin(t.transformValues(DescribeTopologies::transformer), (x, y) -> x).to("out3");
        });
    }

    private static ValueTransformerWithKey<String, String, String> transformer() {
        return new ValueTransformerWithKey<>() {
            @Override public void init(org.apache.kafka.streams.processor.ProcessorContext context) { }
            @Override public String transform(String key, String value) { return value; }
            @Override public void close() { }
        };
    }

    private static KStream<String, String> texts(StreamsBuilder b, String topic) {
        return b.stream(topic, TEXTS);
    }

    private static KGroupedStream<String, String> words(StreamsBuilder b) {
        return texts(b, "lines").flatMapValues(v -> List.of(v.split(" "))).groupBy((k, v) -> v);
    }

    private static StoreBuilder<KeyValueStore<String, String>> store(String name) {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), TEXT, TEXT);
    }

    private static ProcessorSupplier<String, String, String, String> processor() {
        return () -> new ContextualProcessor<>() {
            @Override public void process(Record<String, String> record) { context().forward(record); }
        };
    }

    private static FixedKeyProcessorSupplier<String, String, String> fixedKey() {
        return () -> new ContextualFixedKeyProcessor<>() {
            @Override public void process(FixedKeyRecord<String, String> record) { context().forward(record); }
        };
    }
}
