package millrace.peer;

import static millrace.peer.Catalogue.named;
import static millrace.peer.Catalogue.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Duration;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedTable;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Reducer;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.ValueTransformerWithKey;
import org.apache.kafka.streams.kstream.ValueTransformerWithKeySupplier;
import org.apache.kafka.streams.processor.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;

/** Steps that only tables have. */
final class Tables {
    static final Set<String> STEPS = Set.of(
            "tableGroupBy", "tableCount", "tableReduce", "tableAggregate", "tableJoin", "foreignKeyJoin", "suppress",
            "transformValues");

    private Tables() {}

    /** {@code other} is the table that {@code with} names, if any. */
    static Node apply(JsonNode step, Node from, Node other) {
        return from instanceof Node.GroupedTable grouped
                ? aggregate(step, grouped)
                : ofTable(step, (Node.Table) from, (Node.Table) other);
    }

    private static Node ofTable(JsonNode step, Node.Table node, Node.Table other) {
        return switch (step.path("op").asText()) {
            case "tableGroupBy" -> {
                var mapper = named("pairMapper", Catalogue.PAIR_MAPPERS, step.path("mapper").asText());
                KeyValueMapper<Object, Object, KeyValue<Object, Object>> pairs = (key, value) -> {
                    KeyValue<String, String> pair = mapper.apply(text(key), text(value));
                    return KeyValue.pair(pair.key, pair.value);
                };
                Grouped<Object, Object> how = Grouped.with(Interpreter.string(), Interpreter.string());
                if (step.has("name")) how = how.withName(step.get("name").asText());
                yield new Node.GroupedTable(node.table().groupBy(pairs, how), Interpreter.string(), Interpreter.string());
            }
            case "tableJoin" -> join(step, node, other);
            case "foreignKeyJoin" -> foreignKeyJoin(step, node, other);
            case "suppress" -> new Node.Table(node.table().suppress(suppressed(step)), node.key(), node.value());
            case "transformValues" -> transform(step, node);
            default -> throw new IllegalArgumentException("no such operator of a table");
        };
    }

    private static Node transform(JsonNode step, Node.Table node) {
        var mapper = named("valueMapper", Catalogue.VALUE_MAPPERS, step.path("mapper").asText());
        ValueTransformerWithKeySupplier<Object, Object, Object> supplier = () -> new ValueTransformerWithKey<>() {
            @Override
            public void init(ProcessorContext context) {}

            @Override
            public Object transform(Object key, Object value) {
                return mapper.apply(text(key), text(value));
            }

            @Override
            public void close() {}
        };
        Named named = Stores.named(step);
        KTable<Object, Object> table;
        if (step.has("store")) {
            var store = Stores.keyValue(step.get("store"), node.key(), Interpreter.string());
            table = named == null
                    ? node.table().transformValues(supplier, store)
                    : node.table().transformValues(supplier, store, named);
        } else {
            table = named == null ? node.table().transformValues(supplier) : node.table().transformValues(supplier, named);
        }
        return new Node.Table(table, node.key(), Interpreter.string());
    }

    private static Node join(JsonNode step, Node.Table node, Node.Table other) {
        ValueJoiner<Object, Object, Object> joiner = joiner(step);
        KTable<Object, Object> left = node.table();
        KTable<Object, Object> right = other.table();
        Named named = Stores.named(step);
        var store = step.has("store") ? Stores.keyValue(step.get("store"), node.key(), Interpreter.string()) : null;
        KTable<Object, Object> joined = switch (step.path("join").asText()) {
            case "inner" ->
                store == null
                        ? named == null ? left.join(right, joiner) : left.join(right, joiner, named)
                        : named == null ? left.join(right, joiner, store) : left.join(right, joiner, named, store);
            case "left" ->
                store == null
                        ? named == null ? left.leftJoin(right, joiner) : left.leftJoin(right, joiner, named)
                        : named == null ? left.leftJoin(right, joiner, store) : left.leftJoin(right, joiner, named, store);
            default ->
                store == null
                        ? named == null ? left.outerJoin(right, joiner) : left.outerJoin(right, joiner, named)
                        : named == null ? left.outerJoin(right, joiner, store) : left.outerJoin(right, joiner, named, store);
        };
        return new Node.Table(joined, node.key(), Interpreter.string());
    }

    private static Node foreignKeyJoin(JsonNode step, Node.Table node, Node.Table other) {
        ValueJoiner<Object, Object, Object> joiner = joiner(step);
        var selector = named("keySelector", Catalogue.KEY_SELECTORS, step.path("selector").asText());
        java.util.function.BiFunction<Object, Object, Object> foreignKey =
                (key, value) -> selector.apply(text(key), text(value));
        TableJoined<Object, Object> how =
                step.has("name") ? TableJoined.as(step.get("name").asText()) : TableJoined.with(null, null);
        Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> store =
                Stores.keyValue(orEmpty(step.path("store")), node.key(), Interpreter.string());
        KTable<Object, Object> joined = step.path("join").asText().equals("inner")
                ? node.table().join(other.table(), foreignKey, joiner, how, store)
                : node.table().leftJoin(other.table(), foreignKey, joiner, how, store);
        return new Node.Table(joined, node.key(), Interpreter.string());
    }

    /** Java's joiners of tables see no key. */
    private static ValueJoiner<Object, Object, Object> joiner(JsonNode step) {
        var joiner = named("joiner", Catalogue.JOINERS, step.path("joiner").asText());
        return (value, otherValue) -> joiner.apply("k", text(value), text(otherValue));
    }

    @SuppressWarnings("unchecked")
    private static Suppressed<Object> suppressed(JsonNode step) {
        if (!step.has("waitMs")) {
            Suppressed.StrictBufferConfig strict = Suppressed.BufferConfig.unbounded();
            if (!step.path("logging").asBoolean(true)) strict = strict.withLoggingDisabled();
            Suppressed<?> closes = Suppressed.untilWindowCloses(strict);
            if (step.has("name")) closes = Suppressed.untilWindowCloses(strict).withName(step.get("name").asText());
            return (Suppressed<Object>) closes;
        }
        Suppressed.EagerBufferConfig eager = Suppressed.BufferConfig.maxRecords(
                step.has("maxRecords") ? step.get("maxRecords").asLong() : Long.MAX_VALUE);
        if (step.has("maxBytes")) eager = eager.withMaxBytes(step.get("maxBytes").asLong());
        if (!step.path("logging").asBoolean(true)) eager = eager.withLoggingDisabled();
        Suppressed<Object> limit = Suppressed.untilTimeLimit(Duration.ofMillis(step.get("waitMs").asLong()), eager);
        return step.has("name") ? limit.withName(step.get("name").asText()) : limit;
    }

    private static Node aggregate(JsonNode step, Node.GroupedTable node) {
        KGroupedTable<Object, Object> grouped = node.grouped();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        return switch (step.path("op").asText()) {
            case "tableCount" -> {
                KTable<Object, Long> table;
                if (step.has("store")) {
                    Materialized<Object, Long, KeyValueStore<Bytes, byte[]>> kept = longs(Stores.keyValue(store, node.key(), LONGS));
                    table = named == null ? grouped.count(kept) : grouped.count(named, kept);
                } else {
                    table = named == null ? grouped.count() : grouped.count(named);
                }
                yield new Node.Table(objects(table), node.key(), LONGS);
            }
            case "tableReduce" -> {
                Reducer<Object> adder = reducer(step, "adder");
                Reducer<Object> subtractor = reducer(step, "subtractor");
                KTable<Object, Object> table;
                // There is no overload with a name and without a store.
                if (named != null) {
                    table = grouped.reduce(adder, subtractor, named, Stores.keyValue(orEmpty(store), node.key(), node.value()));
                } else if (step.has("store")) {
                    table = grouped.reduce(adder, subtractor, Stores.keyValue(store, node.key(), node.value()));
                } else {
                    table = grouped.reduce(adder, subtractor);
                }
                yield new Node.Table(table, node.key(), node.value());
            }
            case "tableAggregate" -> {
                var kept = Stores.keyValue(orEmpty(store), node.key(), Interpreter.string());
                var initial = named("aggregation", Catalogue.AGGREGATIONS, step.path("adder").asText());
                KTable<Object, Object> table = named == null
                        ? grouped.aggregate(() -> initial.initializer().get(), aggregator(step, "adder"), aggregator(step, "subtractor"), kept)
                        : grouped.aggregate(() -> initial.initializer().get(), aggregator(step, "adder"), aggregator(step, "subtractor"), named, kept);
                yield new Node.Table(table, node.key(), Interpreter.string());
            }
            default -> throw new IllegalArgumentException("no such operator of a grouped table");
        };
    }

    private static Reducer<Object> reducer(JsonNode step, String field) {
        var reducer = named("reducer", Catalogue.REDUCERS, step.path(field).asText());
        return (aggregate, value) -> reducer.apply(text(aggregate), text(value));
    }

    private static Aggregator<Object, Object, Object> aggregator(JsonNode step, String field) {
        var aggregation = named("aggregation", Catalogue.AGGREGATIONS, step.path(field).asText());
        return (key, value, aggregate) -> aggregation.aggregator().apply(text(key), text(value), text(aggregate));
    }

    private static JsonNode orEmpty(JsonNode store) {
        return store.isMissingNode() ? JsonNodeFactory.instance.objectNode() : store;
    }

    @SuppressWarnings("unchecked")
    private static final Serde<Object> LONGS = (Serde<Object>) (Serde<?>) Serdes.Long();

    @SuppressWarnings("unchecked")
    private static KTable<Object, Object> objects(KTable<?, ?> table) {
        return (KTable<Object, Object>) table;
    }

    @SuppressWarnings("unchecked")
    private static Materialized<Object, Long, KeyValueStore<Bytes, byte[]>> longs(
            Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> materialized) {
        return (Materialized<Object, Long, KeyValueStore<Bytes, byte[]>>) (Materialized<?, ?, ?>) materialized;
    }
}
