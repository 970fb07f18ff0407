package millrace.peer;

import static millrace.peer.Catalogue.named;
import static millrace.peer.Catalogue.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Merger;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Reducer;
import org.apache.kafka.streams.kstream.SessionWindowedDeserializer;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.SessionWindowedSerializer;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindowedSerializer;
import org.apache.kafka.streams.kstream.TimeWindowedDeserializer;
import org.apache.kafka.streams.kstream.Windowed;

/** {@code count}, {@code reduce} and {@code aggregate}, over windows or without. */
final class Aggregations {
    private Aggregations() {}

    static Node aggregate(JsonNode step, Node from) {
        if (from instanceof Node.Grouped grouped) return plain(step, grouped);
        if (from instanceof Node.Windowed windowed) return windowed(step, windowed);
        if (from instanceof Node.Sessions sessions) return sessions(step, sessions);
        if (from instanceof Node.Cogrouped cogrouped) {
            var how = Stores.keyValue(orEmpty(step.path("store")), cogrouped.key(), Interpreter.string());
            Named named = Stores.named(step);
            var first = initializer(aggregation(step));
            KTable<Object, Object> table = named == null
                    ? cogrouped.cogrouped().aggregate(first, how)
                    : cogrouped.cogrouped().aggregate(first, named, how);
            return new Node.Table(table, cogrouped.key(), Interpreter.string());
        }
        if (from instanceof Node.WindowedCogrouped windows) return cogrouped(step, windows);
        if (from instanceof Node.SessionCogrouped windows) return cogrouped(step, windows);
        throw new IllegalArgumentException("it needs a grouped or windowed stream");
    }

    private static Node plain(JsonNode step, Node.Grouped node) {
        KGroupedStream<Object, Object> grouped = node.grouped();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = node.key();
        return switch (step.path("op").asText()) {
            case "count" -> {
                var materialized = Stores.keyValue(store, key, longs());
                KTable<Object, Long> table;
                if (step.has("store")) {
                    table = named == null ? grouped.count(retyped(materialized)) : grouped.count(named, retyped(materialized));
                } else {
                    table = named == null ? grouped.count() : grouped.count(named);
                }
                yield new Node.Table(objects(table), key, longs());
            }
            case "reduce" -> {
                Reducer<Object> reducer = reducer(step, node);
                KTable<Object, Object> table;
                // There is no overload with a name and without a store.
                if (named != null) table = grouped.reduce(reducer, named, Stores.keyValue(orEmpty(store), key, node.value()));
                else if (step.has("store")) table = grouped.reduce(reducer, Stores.keyValue(store, key, node.value()));
                else table = grouped.reduce(reducer);
                yield new Node.Table(table, key, node.value());
            }
            default -> {
                var aggregation = aggregation(step);
                var materialized = Stores.keyValue(orEmpty(store), key, Interpreter.string());
                KTable<Object, Object> table = named == null
                        ? grouped.aggregate(initializer(aggregation), aggregator(aggregation), materialized)
                        : grouped.aggregate(initializer(aggregation), aggregator(aggregation), named, materialized);
                yield new Node.Table(table, key, Interpreter.string());
            }
        };
    }

    private static Node windowed(JsonNode step, Node.Windowed node) {
        TimeWindowedKStream<Object, Object> windowed = node.windowed();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = node.key();
        Serde<Object> windowedKey = windowedSerde(key, node.sizeMs());
        return switch (step.path("op").asText()) {
            case "count" -> {
                var materialized = Stores.window(store, key, longs());
                KTable<Windowed<Object>, Long> table;
                if (step.has("store")) {
                    table = named == null ? windowed.count(retyped(materialized)) : windowed.count(named, retyped(materialized));
                } else {
                    table = named == null ? windowed.count() : windowed.count(named);
                }
                yield new Node.Table(objects(table), windowedKey, longs());
            }
            case "reduce" -> {
                Reducer<Object> reducer = reducer(step, node);
                KTable<Windowed<Object>, Object> table;
                if (step.has("store")) {
                    var materialized = Stores.window(store, key, node.value());
                    table = named == null ? windowed.reduce(reducer, materialized) : windowed.reduce(reducer, named, materialized);
                } else {
                    table = named == null ? windowed.reduce(reducer) : windowed.reduce(reducer, named);
                }
                yield new Node.Table(objects(table), windowedKey, node.value());
            }
            default -> {
                var aggregation = aggregation(step);
                var materialized = Stores.window(orEmpty(store), key, Interpreter.string());
                KTable<Windowed<Object>, Object> table = named == null
                        ? windowed.aggregate(initializer(aggregation), aggregator(aggregation), materialized)
                        : windowed.aggregate(initializer(aggregation), aggregator(aggregation), named, materialized);
                yield new Node.Table(objects(table), windowedKey, Interpreter.string());
            }
        };
    }

    private static Node sessions(JsonNode step, Node.Sessions node) {
        SessionWindowedKStream<Object, Object> sessions = node.sessions();
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = node.key();
        return switch (step.path("op").asText()) {
            case "count" -> {
                var materialized = Stores.session(store, key, longs());
                KTable<Windowed<Object>, Long> table;
                if (step.has("store")) {
                    table = named == null ? sessions.count(retyped(materialized)) : sessions.count(named, retyped(materialized));
                } else {
                    table = named == null ? sessions.count() : sessions.count(named);
                }
                yield new Node.Table(objects(table), sessionSerde(key), longs());
            }
            case "reduce" -> {
                Reducer<Object> reducer = reducer(step, node);
                KTable<Windowed<Object>, Object> table;
                if (step.has("store")) {
                    var materialized = Stores.session(store, key, node.value());
                    table = named == null ? sessions.reduce(reducer, materialized) : sessions.reduce(reducer, named, materialized);
                } else {
                    table = named == null ? sessions.reduce(reducer) : sessions.reduce(reducer, named);
                }
                yield new Node.Table(objects(table), sessionSerde(key), node.value());
            }
            default -> {
                var aggregation = aggregation(step);
                var materialized = Stores.session(orEmpty(store), key, Interpreter.string());
                KTable<Windowed<Object>, Object> table = named == null
                        ? sessions.aggregate(
                                initializer(aggregation), aggregator(aggregation), merger(aggregation), materialized)
                        : sessions.aggregate(
                                initializer(aggregation), aggregator(aggregation), merger(aggregation), named, materialized);
                yield new Node.Table(objects(table), sessionSerde(key), Interpreter.string());
            }
        };
    }

    static Node cogroup(JsonNode step, Node.Grouped node) {
        return new Node.Cogrouped(
                node.grouped().cogroup(aggregator(aggregation(step))), node.key(), Interpreter.string());
    }

    static Node cogroup(JsonNode step, Node.Cogrouped node, Node.Grouped other) {
        return new Node.Cogrouped(
                node.cogrouped().cogroup(other.grouped(), aggregator(aggregation(step))), node.key(), node.value());
    }

    private static Node cogrouped(JsonNode step, Node.WindowedCogrouped node) {
        var first = initializer(aggregation(step));
        var how = Stores.window(orEmpty(step.path("store")), node.key(), Interpreter.string());
        Named named = Stores.named(step);
        KTable<Windowed<Object>, Object> table =
                named == null ? node.windowed().aggregate(first, how) : node.windowed().aggregate(first, named, how);
        return new Node.Table(objects(table), windowedSerde(node.key(), node.sizeMs()), Interpreter.string());
    }

    private static Node cogrouped(JsonNode step, Node.SessionCogrouped node) {
        var first = initializer(aggregation(step));
        var merger = merger(aggregation(step));
        var how = Stores.session(orEmpty(step.path("store")), node.key(), Interpreter.string());
        Named named = Stores.named(step);
        KTable<Windowed<Object>, Object> table = named == null
                ? node.sessions().aggregate(first, merger, how)
                : node.sessions().aggregate(first, merger, named, how);
        return new Node.Table(objects(table), sessionSerde(node.key()), Interpreter.string());
    }

    private static Merger<Object, Object> merger(Catalogue.Aggregation aggregation) {
        return (key, one, other) -> aggregation.merger().apply(text(key), text(one), text(other));
    }

    private static Serde<Object> sessionSerde(Serde<Object> inner) {
        return erased(Serdes.serdeFrom(
                new SessionWindowedSerializer<>(inner.serializer()), new SessionWindowedDeserializer<>(inner.deserializer())));
    }

    private static Reducer<Object> reducer(JsonNode step, Node node) {
        if (node.value() == longs()) throw new IllegalArgumentException("reduce needs string values");
        var reducer = named("reducer", Catalogue.REDUCERS, step.path("reducer").asText());
        return (aggregate, value) -> reducer.apply(text(aggregate), text(value));
    }

    private static Catalogue.Aggregation aggregation(JsonNode step) {
        return named("aggregation", Catalogue.AGGREGATIONS, step.path("aggregation").asText());
    }

    private static Initializer<Object> initializer(Catalogue.Aggregation aggregation) {
        return () -> aggregation.initializer().get();
    }

    private static Aggregator<Object, Object, Object> aggregator(Catalogue.Aggregation aggregation) {
        return (key, value, aggregate) -> aggregation.aggregator().apply(text(key), text(value), text(aggregate));
    }

    private static JsonNode orEmpty(JsonNode store) {
        return store.isMissingNode() ? JsonNodeFactory.instance.objectNode() : store;
    }

    private static final Serde<Object> LONGS = erased(Serdes.Long());

    private static Serde<Object> longs() {
        return LONGS;
    }

    private static Serde<Object> windowedSerde(Serde<Object> inner, long sizeMs) {
        return erased(Serdes.serdeFrom(
                new TimeWindowedSerializer<>(inner.serializer()),
                new TimeWindowedDeserializer<>(inner.deserializer(), sizeMs)));
    }

    @SuppressWarnings("unchecked")
    private static Serde<Object> erased(Serde<?> serde) {
        return (Serde<Object>) serde;
    }

    @SuppressWarnings("unchecked")
    private static KTable<Object, Object> objects(KTable<?, ?> table) {
        return (KTable<Object, Object>) table;
    }

    /** The values are longs, which the type of the settings does not say. */
    @SuppressWarnings("unchecked")
    private static <S extends org.apache.kafka.streams.processor.StateStore>
            org.apache.kafka.streams.kstream.Materialized<Object, Long, S> retyped(
                    org.apache.kafka.streams.kstream.Materialized<Object, Object, S> materialized) {
        return (org.apache.kafka.streams.kstream.Materialized<Object, Long, S>)
                (org.apache.kafka.streams.kstream.Materialized<?, ?, ?>) materialized;
    }
}
