package millrace.peer;

import static millrace.peer.Functions.aggregator;
import static millrace.peer.Functions.initializer;
import static millrace.peer.Functions.merger;
import static millrace.peer.Functions.reducer;
import static millrace.peer.Types.LONG;
import static millrace.peer.Types.STRING;
import static millrace.peer.Types.objects;
import static millrace.peer.Types.ofLongs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.Windowed;

/** Grouping of streams, and {@code count}, {@code reduce} and {@code aggregate}, over windows or without. */
final class Aggregations {
    static final Map<String, Building.Operator> OPERATORS = Map.of(
            "groupByKey", Aggregations::groupByKey,
            "groupBy", Aggregations::groupBy,
            "windowedBy", Windowing::windowed,
            "cogroup", Cogroups::cogroup,
            "count", Aggregations::aggregate,
            "reduce", Aggregations::aggregate,
            "aggregate", Aggregations::aggregate);

    private Aggregations() {}

    private static Node groupByKey(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        return new Node.Grouped(
                node.stream().groupByKey(grouped(step, node.key(), node.value())), node.key(), node.value());
    }

    private static Node groupBy(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        return new Node.Grouped(
                node.stream().groupBy(Functions.selector(step), grouped(step, STRING, node.value())), STRING, node.value());
    }

    private static Grouped<Object, Object> grouped(JsonNode step, Serde<Object> key, Serde<Object> value) {
        Grouped<Object, Object> grouped = Grouped.with(key, value);
        return step.has("name") ? grouped.withName(step.get("name").asText()) : grouped;
    }

    private static Node aggregate(JsonNode step, Building building) {
        Node from = building.read(step, "from");
        if (from instanceof Node.Grouped grouped) return plain(step, grouped);
        if (from instanceof Node.Windowed windowed) return windowed(step, windowed);
        if (from instanceof Node.Sessions sessions) return sessions(step, sessions);
        return Cogroups.aggregate(step, from);
    }

    private static Node plain(JsonNode step, Node.Grouped node) {
        KGroupedStream<Object, Object> grouped = node.grouped();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = node.key();
        return switch (step.path("op").asText()) {
            case "count" -> {
                var how = ofLongs(Stores.keyValue(store, key, LONG));
                KTable<Object, Long> table;
                if (step.has("store")) table = named == null ? grouped.count(how) : grouped.count(named, how);
                else table = named == null ? grouped.count() : grouped.count(named);
                yield new Node.Table(objects(table), key, LONG);
            }
            case "reduce" -> {
                var reducer = reducer(step, "reducer");
                var how = Stores.keyValue(store, key, node.value());
                KTable<Object, Object> table;
                // There is no overload with a name and without a store.
                if (named != null) table = grouped.reduce(reducer, named, how);
                else table = step.has("store") ? grouped.reduce(reducer, how) : grouped.reduce(reducer);
                yield new Node.Table(table, key, node.value());
            }
            default -> {
                var first = initializer(step, "aggregation");
                var adder = aggregator(step, "aggregation");
                var how = Stores.keyValue(store, key, STRING);
                KTable<Object, Object> table =
                        named == null ? grouped.aggregate(first, adder, how) : grouped.aggregate(first, adder, named, how);
                yield new Node.Table(table, key, STRING);
            }
        };
    }

    private static Node windowed(JsonNode step, Node.Windowed node) {
        TimeWindowedKStream<Object, Object> windowed = node.windowed();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = node.key();
        Serde<Object> windowedKey = Types.timeWindowed(key, node.sizeMs());
        return switch (step.path("op").asText()) {
            case "count" -> {
                var how = ofLongs(Stores.window(store, key, LONG));
                KTable<Windowed<Object>, Long> table;
                if (step.has("store")) table = named == null ? windowed.count(how) : windowed.count(named, how);
                else table = named == null ? windowed.count() : windowed.count(named);
                yield new Node.Table(objects(table), windowedKey, LONG);
            }
            case "reduce" -> {
                var reducer = reducer(step, "reducer");
                var how = Stores.window(store, key, node.value());
                KTable<Windowed<Object>, Object> table;
                if (step.has("store")) table = named == null ? windowed.reduce(reducer, how) : windowed.reduce(reducer, named, how);
                else table = named == null ? windowed.reduce(reducer) : windowed.reduce(reducer, named);
                yield new Node.Table(objects(table), windowedKey, node.value());
            }
            default -> {
                var first = initializer(step, "aggregation");
                var adder = aggregator(step, "aggregation");
                var how = Stores.window(store, key, STRING);
                KTable<Windowed<Object>, Object> table = named == null
                        ? windowed.aggregate(first, adder, how)
                        : windowed.aggregate(first, adder, named, how);
                yield new Node.Table(objects(table), windowedKey, STRING);
            }
        };
    }

    private static Node sessions(JsonNode step, Node.Sessions node) {
        SessionWindowedKStream<Object, Object> sessions = node.sessions();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = node.key();
        Serde<Object> windowedKey = Types.sessionWindowed(key);
        return switch (step.path("op").asText()) {
            case "count" -> {
                var how = ofLongs(Stores.session(store, key, LONG));
                KTable<Windowed<Object>, Long> table;
                if (step.has("store")) table = named == null ? sessions.count(how) : sessions.count(named, how);
                else table = named == null ? sessions.count() : sessions.count(named);
                yield new Node.Table(objects(table), windowedKey, LONG);
            }
            case "reduce" -> {
                var reducer = reducer(step, "reducer");
                var how = Stores.session(store, key, node.value());
                KTable<Windowed<Object>, Object> table;
                if (step.has("store")) table = named == null ? sessions.reduce(reducer, how) : sessions.reduce(reducer, named, how);
                else table = named == null ? sessions.reduce(reducer) : sessions.reduce(reducer, named);
                yield new Node.Table(objects(table), windowedKey, node.value());
            }
            default -> {
                var first = initializer(step, "aggregation");
                var adder = aggregator(step, "aggregation");
                var merger = merger(step, "aggregation");
                var how = Stores.session(store, key, STRING);
                KTable<Windowed<Object>, Object> table = named == null
                        ? sessions.aggregate(first, adder, merger, how)
                        : sessions.aggregate(first, adder, merger, named, how);
                yield new Node.Table(objects(table), windowedKey, STRING);
            }
        };
    }
}
