package millrace.peer;

import static millrace.peer.Catalogue.text;
import static millrace.peer.Types.LONG;
import static millrace.peer.Types.STRING;
import static millrace.peer.Types.objects;
import static millrace.peer.Types.ofLongs;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import java.util.function.BiFunction;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedTable;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.kstream.ValueTransformerWithKey;
import org.apache.kafka.streams.kstream.ValueTransformerWithKeySupplier;
import org.apache.kafka.streams.processor.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;

/** Steps of tables and grouped tables. */
final class Tables {
    static final Map<String, Building.Operator> OPERATORS = Map.of(
            "tableGroupBy", Tables::groupBy,
            "tableCount", Tables::count,
            "tableReduce", Tables::reduce,
            "tableAggregate", Tables::aggregate,
            "tableJoin", Tables::join,
            "foreignKeyJoin", Tables::foreignKeyJoin,
            "suppress", Tables::suppress,
            "transformValues", Tables::transformValues);

    private Tables() {}

    static Node filter(JsonNode step, Node.Table node) {
        KTable<Object, Object> table = node.table();
        Named named = Stores.named(step);
        Predicate<Object, Object> predicate = Functions.predicate(step);
        var store = step.has("store") ? Stores.keyValue(step.get("store"), node.key(), node.value()) : null;
        KTable<Object, Object> result;
        if (step.path("op").asText().equals("filter")) {
            if (store == null) result = named == null ? table.filter(predicate) : table.filter(predicate, named);
            else result = named == null ? table.filter(predicate, store) : table.filter(predicate, named, store);
        } else {
            if (store == null) result = named == null ? table.filterNot(predicate) : table.filterNot(predicate, named);
            else result = named == null ? table.filterNot(predicate, store) : table.filterNot(predicate, named, store);
        }
        return new Node.Table(result, node.key(), node.value());
    }

    static Node mapValues(JsonNode step, Node.Table node) {
        KTable<Object, Object> table = node.table();
        Named named = Stores.named(step);
        ValueMapperWithKey<Object, Object, Object> mapper = Functions.valueMapper(step);
        var store = step.has("store") ? Stores.keyValue(step.get("store"), node.key(), STRING) : null;
        KTable<Object, Object> result;
        if (store == null) result = named == null ? table.mapValues(mapper) : table.mapValues(mapper, named);
        else result = named == null ? table.mapValues(mapper, store) : table.mapValues(mapper, named, store);
        return new Node.Table(result, node.key(), STRING);
    }

    static Node toStream(JsonNode step, Building building) {
        Node.Table node = from(step, building);
        Named named = Stores.named(step);
        if (step.has("selector")) {
            var selector = Functions.selector(step);
            return new Node.Stream(
                    named == null ? node.table().toStream(selector) : node.table().toStream(selector, named),
                    STRING,
                    node.value());
        }
        return new Node.Stream(
                named == null ? node.table().toStream() : node.table().toStream(named), node.key(), node.value());
    }

    private static Node groupBy(JsonNode step, Building building) {
        Grouped<Object, Object> how = Grouped.with(STRING, STRING);
        if (step.has("name")) how = how.withName(step.get("name").asText());
        return new Node.GroupedTable(
                from(step, building).table().groupBy(Functions.pairMapper(step), how), STRING, STRING);
    }

    private static Node count(JsonNode step, Building building) {
        Node.GroupedTable node = grouped(step, building);
        KGroupedTable<Object, Object> grouped = node.grouped();
        Named named = Stores.named(step);
        var store = ofLongs(Stores.keyValue(step.path("store"), node.key(), LONG));
        KTable<Object, Long> table;
        if (step.has("store")) table = named == null ? grouped.count(store) : grouped.count(named, store);
        else table = named == null ? grouped.count() : grouped.count(named);
        return new Node.Table(objects(table), node.key(), LONG);
    }

    private static Node reduce(JsonNode step, Building building) {
        Node.GroupedTable node = grouped(step, building);
        KGroupedTable<Object, Object> grouped = node.grouped();
        Named named = Stores.named(step);
        var adder = Functions.reducer(step, "adder");
        var subtractor = Functions.reducer(step, "subtractor");
        var store = Stores.keyValue(step.path("store"), node.key(), node.value());
        KTable<Object, Object> table;
        // There is no overload with a name and without a store.
        if (named != null) table = grouped.reduce(adder, subtractor, named, store);
        else table = step.has("store") ? grouped.reduce(adder, subtractor, store) : grouped.reduce(adder, subtractor);
        return new Node.Table(table, node.key(), node.value());
    }

    private static Node aggregate(JsonNode step, Building building) {
        Node.GroupedTable node = grouped(step, building);
        Named named = Stores.named(step);
        var first = Functions.initializer(step, "adder");
        var adder = Functions.aggregator(step, "adder");
        var subtractor = Functions.aggregator(step, "subtractor");
        var store = Stores.keyValue(step.path("store"), node.key(), STRING);
        KTable<Object, Object> table = named == null
                ? node.grouped().aggregate(first, adder, subtractor, store)
                : node.grouped().aggregate(first, adder, subtractor, named, store);
        return new Node.Table(table, node.key(), STRING);
    }

    private static Node join(JsonNode step, Building building) {
        Node.Table node = from(step, building);
        KTable<Object, Object> left = node.table();
        KTable<Object, Object> right = building.read(step, "with", Node.Table.class).table();
        ValueJoiner<Object, Object, Object> joiner = Functions.tableJoiner(step);
        Named named = Stores.named(step);
        var store = step.has("store") ? Stores.keyValue(step.get("store"), node.key(), STRING) : null;
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
        return new Node.Table(joined, node.key(), STRING);
    }

    private static Node foreignKeyJoin(JsonNode step, Building building) {
        Node.Table node = from(step, building);
        KTable<Object, Object> other = building.read(step, "with", Node.Table.class).table();
        ValueJoiner<Object, Object, Object> joiner = Functions.tableJoiner(step);
        var selector = Functions.selector(step);
        BiFunction<Object, Object, Object> foreignKey = selector::apply;
        TableJoined<Object, Object> how =
                step.has("name") ? TableJoined.as(step.get("name").asText()) : TableJoined.with(null, null);
        var store = Stores.keyValue(step.path("store"), node.key(), STRING);
        KTable<Object, Object> joined = step.path("join").asText().equals("inner")
                ? node.table().join(other, foreignKey, joiner, how, store)
                : node.table().leftJoin(other, foreignKey, joiner, how, store);
        return new Node.Table(joined, node.key(), STRING);
    }

    private static Node suppress(JsonNode step, Building building) {
        Node.Table node = from(step, building);
        return new Node.Table(node.table().suppress(suppressed(step)), node.key(), node.value());
    }

    @SuppressWarnings("unchecked")
    private static Suppressed<Object> suppressed(JsonNode step) {
        if (!step.has("waitMs")) {
            Suppressed.StrictBufferConfig strict = strict(step);
            Suppressed<?> closes = Suppressed.untilWindowCloses(strict);
            if (step.has("name")) closes = Suppressed.untilWindowCloses(strict).withName(step.get("name").asText());
            return (Suppressed<Object>) closes;
        }
        Duration wait = Duration.ofMillis(step.get("waitMs").asLong());
        Suppressed<Object> limit =
                Suppressed.untilTimeLimit(wait, step.has("whenFull") ? strict(step) : eager(step));
        return step.has("name") ? limit.withName(step.get("name").asText()) : limit;
    }

    private static Suppressed.EagerBufferConfig eager(JsonNode step) {
        Suppressed.EagerBufferConfig eager = Suppressed.BufferConfig.maxRecords(
                step.has("maxRecords") ? step.get("maxRecords").asLong() : Long.MAX_VALUE);
        if (step.has("maxBytes")) eager = eager.withMaxBytes(step.get("maxBytes").asLong());
        return step.path("logging").asBoolean(true) ? eager : eager.withLoggingDisabled();
    }

    private static Suppressed.StrictBufferConfig strict(JsonNode step) {
        Suppressed.StrictBufferConfig strict = step.has("maxRecords") || step.has("maxBytes")
                ? eager(step).shutDownWhenFull()
                : Suppressed.BufferConfig.unbounded();
        return step.path("logging").asBoolean(true) ? strict : strict.withLoggingDisabled();
    }

    private static Node transformValues(JsonNode step, Building building) {
        Node.Table node = from(step, building);
        ValueMapperWithKey<Object, Object, Object> mapper = Functions.valueMapper(step);
        String counts = step.has("counts") ? building.read(step, "counts", Node.Store.class).name() : null;
        ValueTransformerWithKeySupplier<Object, Object, Object> supplier = () -> new ValueTransformerWithKey<>() {
            private KeyValueStore<String, String> counted;

            @Override
            public void init(ProcessorContext context) {
                if (counts != null) counted = context.getStateStore(counts);
            }

            @Override
            public Object transform(Object key, Object value) {
                Object mapped = mapper.apply(key, value);
                if (counted == null) return mapped;
                String before = counted.get(text(key));
                long count = before == null ? 1 : Long.parseLong(before) + 1;
                counted.put(text(key), String.valueOf(count));
                return count + ":" + text(mapped);
            }

            @Override
            public void close() {}
        };
        Named named = Stores.named(step);
        String[] stores = counts == null ? new String[0] : new String[] {counts};
        KTable<Object, Object> table;
        if (step.has("store")) {
            var store = Stores.keyValue(step.get("store"), node.key(), STRING);
            table = named == null
                    ? node.table().transformValues(supplier, store, stores)
                    : node.table().transformValues(supplier, store, named, stores);
        } else {
            table = named == null
                    ? node.table().transformValues(supplier, stores)
                    : node.table().transformValues(supplier, named, stores);
        }
        return new Node.Table(table, node.key(), STRING);
    }

    private static Node.Table from(JsonNode step, Building building) {
        return building.read(step, "from", Node.Table.class);
    }

    private static Node.GroupedTable grouped(JsonNode step, Building building) {
        return building.read(step, "from", Node.GroupedTable.class);
    }
}
