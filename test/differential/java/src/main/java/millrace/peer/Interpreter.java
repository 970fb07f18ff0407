package millrace.peer;

import static millrace.peer.Catalogue.named;
import static millrace.peer.Catalogue.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.BranchedKStream;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.ValueJoinerWithKey;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;

/** Builds the topology that the steps of a spec describe, step for step in their order: the order decides names. */
final class Interpreter {
    private final StreamsBuilder builder;
    private final Map<String, Node> nodes = new HashMap<>();

    Interpreter(StreamsBuilder builder) {
        this.builder = builder;
    }

    void run(JsonNode steps) {
        for (JsonNode step : steps) {
            try {
                apply(step);
            } catch (RuntimeException error) {
                throw new IllegalArgumentException("step " + step + ": " + error.getMessage(), error);
            }
        }
    }

    private void apply(JsonNode step) {
        Node from = step.has("from") ? node(step.get("from")) : null;
        switch (step.path("op").asText()) {
            case "stream" -> keep(step, stream(step));
            case "table" -> keep(step, table(step));
            case "split" -> split(step, (Node.Stream) from);
            case "to" -> to(step, (Node.Stream) from);
            case "count", "reduce", "aggregate" -> keep(step, Aggregations.aggregate(step, from));
            default -> {
                if (from == null) throw new IllegalArgumentException("no such operator without \"from\"");
                if (Tables.STEPS.contains(step.path("op").asText())) {
                    keep(step, Tables.apply(step, from, step.has("with") ? node(step.get("with")) : null));
                    return;
                }
                keep(step, from instanceof Node.Table table ? ofTable(step, table) : ofStream(step, from));
            }
        }
    }

    private Node stream(JsonNode step) {
        Serde<Object> string = string();
        return new Node.Stream(builder.stream(strings(step.path("topics")), consumed(step)), string, string);
    }

    private Node table(JsonNode step) {
        Serde<Object> string = string();
        String topic = step.path("topic").asText();
        KTable<Object, Object> table = step.has("store")
                ? builder.table(topic, consumed(step), Stores.keyValue(step.get("store"), string, string))
                : builder.table(topic, consumed(step));
        return new Node.Table(table, string, string);
    }

    private static Consumed<Object, Object> consumed(JsonNode step) {
        Consumed<Object, Object> consumed = Consumed.with(string(), string());
        return step.has("name") ? consumed.withName(step.get("name").asText()) : consumed;
    }

    private Node ofStream(JsonNode step, Node from) {
        if (from instanceof Node.Grouped grouped) {
            return step.path("op").asText().equals("cogroup")
                    ? Aggregations.cogroup(step, grouped)
                    : Windowing.windowed(step, grouped);
        }
        if (from instanceof Node.Cogrouped cogrouped) {
            return step.has("with")
                    ? Aggregations.cogroup(step, cogrouped, (Node.Grouped) node(step.get("with")))
                    : Windowing.windowed(step, cogrouped);
        }
        Node.Stream node = (Node.Stream) from;
        KStream<Object, Object> stream = node.stream();
        Named named = Stores.named(step);
        String name = function(step);
        return switch (step.path("op").asText()) {
            case "filter" -> same(node, named == null ? stream.filter(predicate(name)) : stream.filter(predicate(name), named));
            case "filterNot" ->
                same(node, named == null ? stream.filterNot(predicate(name)) : stream.filterNot(predicate(name), named));
            case "map" -> {
                var mapper = named("pairMapper", Catalogue.PAIR_MAPPERS, name);
                yield strings(named == null
                        ? stream.map((key, value) -> pair(mapper.apply(text(key), text(value))))
                        : stream.map((key, value) -> pair(mapper.apply(text(key), text(value))), named));
            }
            case "mapValues" -> {
                ValueMapperWithKey<Object, Object, Object> mapper = valueMapper(name);
                yield newValues(node, named == null ? stream.mapValues(mapper) : stream.mapValues(mapper, named));
            }
            case "flatMap" -> {
                var mapper = named("flatPairMapper", Catalogue.FLAT_PAIR_MAPPERS, name);
                yield strings(named == null
                        ? stream.flatMap((key, value) -> pairs(mapper.apply(text(key), text(value))))
                        : stream.flatMap((key, value) -> pairs(mapper.apply(text(key), text(value))), named));
            }
            case "flatMapValues" -> {
                var mapper = named("flatValueMapper", Catalogue.FLAT_VALUE_MAPPERS, name);
                ValueMapperWithKey<Object, Object, Iterable<Object>> flat =
                        (key, value) -> new ArrayList<>(mapper.apply(text(key), text(value)));
                yield newValues(node, named == null ? stream.flatMapValues(flat) : stream.flatMapValues(flat, named));
            }
            case "selectKey" -> {
                var selector = named("keySelector", Catalogue.KEY_SELECTORS, name);
                KStream<Object, Object> selected = named == null
                        ? stream.selectKey((key, value) -> (Object) selector.apply(text(key), text(value)))
                        : stream.selectKey((key, value) -> (Object) selector.apply(text(key), text(value)), named);
                yield new Node.Stream(selected, string(), node.value());
            }
            case "merge" -> {
                KStream<Object, Object> other = ((Node.Stream) node(step.path("with"))).stream();
                yield same(node, named == null ? stream.merge(other) : stream.merge(other, named));
            }
            case "peek" -> same(node, named == null ? stream.peek((k, v) -> {}) : stream.peek((k, v) -> {}, named));
            case "repartition" -> {
                Repartitioned<Object, Object> how = Repartitioned.with(node.key(), node.value());
                if (step.has("name")) how = how.withName(step.get("name").asText());
                if (step.has("partitions")) how = how.withNumberOfPartitions(step.get("partitions").asInt());
                yield same(node, stream.repartition(how));
            }
            case "toTable" -> {
                var store = step.has("store") ? Stores.keyValue(step.get("store"), node.key(), node.value()) : null;
                KTable<Object, Object> table;
                if (store == null) table = named == null ? stream.toTable() : stream.toTable(named);
                else table = named == null ? stream.toTable(store) : stream.toTable(named, store);
                yield new Node.Table(table, node.key(), node.value());
            }
            case "groupByKey" ->
                new Node.Grouped(stream.groupByKey(grouped(step, node.key(), node.value())), node.key(), node.value());
            case "groupBy" -> {
                var selector = named("keySelector", Catalogue.KEY_SELECTORS, name);
                yield new Node.Grouped(
                        stream.groupBy(
                                (key, value) -> (Object) selector.apply(text(key), text(value)),
                                grouped(step, string(), node.value())),
                        string(),
                        node.value());
            }
            case "join", "leftJoin" -> join(step, node);
            case "streamJoin" -> streamJoin(step, node);
            default -> throw new IllegalArgumentException("no such operator of a stream");
        };
    }

    private Node ofTable(JsonNode step, Node.Table node) {
        KTable<Object, Object> table = node.table();
        Named named = Stores.named(step);
        String name = function(step);
        String op = step.path("op").asText();
        boolean stored = step.has("store");
        switch (op) {
            case "filter", "filterNot" -> {
                var store = stored ? Stores.keyValue(step.get("store"), node.key(), node.value()) : null;
                Predicate<Object, Object> predicate = predicate(name);
                KTable<Object, Object> result;
                if (op.equals("filter")) {
                    if (store == null) result = named == null ? table.filter(predicate) : table.filter(predicate, named);
                    else result = named == null ? table.filter(predicate, store) : table.filter(predicate, named, store);
                } else {
                    if (store == null) result = named == null ? table.filterNot(predicate) : table.filterNot(predicate, named);
                    else result = named == null ? table.filterNot(predicate, store) : table.filterNot(predicate, named, store);
                }
                return new Node.Table(result, node.key(), node.value());
            }
            case "mapValues" -> {
                var store = stored ? Stores.keyValue(step.get("store"), node.key(), string()) : null;
                ValueMapperWithKey<Object, Object, Object> mapper = valueMapper(name);
                KTable<Object, Object> result;
                if (store == null) result = named == null ? table.mapValues(mapper) : table.mapValues(mapper, named);
                else result = named == null ? table.mapValues(mapper, store) : table.mapValues(mapper, named, store);
                return new Node.Table(result, node.key(), string());
            }
            case "toStream" -> {
                return new Node.Stream(named == null ? table.toStream() : table.toStream(named), node.key(), node.value());
            }
            default -> throw new IllegalArgumentException("no such operator of a table");
        }
    }

    private Node join(JsonNode step, Node.Stream node) {
        var joiner = named("joiner", Catalogue.JOINERS, step.path("joiner").asText());
        ValueJoinerWithKey<Object, Object, Object, Object> join =
                (key, value, tableValue) -> joiner.apply(text(key), text(value), text(tableValue));
        Node.Table table = (Node.Table) node(step.path("table"));
        Joined<Object, Object, Object> how = Joined.with(node.key(), node.value(), table.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        return newValues(
                node,
                step.path("op").asText().equals("join")
                        ? node.stream().join(table.table(), join, how)
                        : node.stream().leftJoin(table.table(), join, how));
    }

    private Node streamJoin(JsonNode step, Node.Stream node) {
        var joiner = named("joiner", Catalogue.JOINERS, step.path("joiner").asText());
        ValueJoinerWithKey<Object, Object, Object, Object> join =
                (key, value, otherValue) -> joiner.apply(text(key), text(value), text(otherValue));
        Node.Stream other = (Node.Stream) node(step.path("with"));
        StreamJoined<Object, Object, Object> how = StreamJoined.with(node.key(), node.value(), other.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        if (step.has("storeName")) how = how.withStoreName(step.get("storeName").asText());
        if (!step.path("logging").asBoolean(true)) how = how.withLoggingDisabled();
        JoinWindows windows = Windowing.join(step);
        return newValues(
                node,
                switch (step.path("kind").asText()) {
                    case "inner" -> node.stream().join(other.stream(), join, windows, how);
                    case "left" -> node.stream().leftJoin(other.stream(), join, windows, how);
                    case "outer" -> node.stream().outerJoin(other.stream(), join, windows, how);
                    default -> throw new IllegalArgumentException("no such kind of join");
                });
    }

    private void split(JsonNode step, Node.Stream node) {
        Named named = Stores.named(step);
        BranchedKStream<Object, Object> split = named == null ? node.stream().split() : node.stream().split(named);
        for (JsonNode branch : step.path("branches")) {
            split = split.branch(predicate(branch.path("predicate").asText()), branched(branch, node));
        }
        if (step.has("defaultBranch")) split.defaultBranch(branched(step.get("defaultBranch"), node));
        else split.noDefaultBranch();
    }

    private Branched<Object, Object> branched(JsonNode branch, Node.Stream node) {
        java.util.function.Consumer<KStream<Object, Object>> kept = stream -> keep(branch, same(node, stream));
        return branch.has("name") ? Branched.withConsumer(kept, branch.get("name").asText()) : Branched.withConsumer(kept);
    }

    private static void to(JsonNode step, Node.Stream node) {
        Produced<Object, Object> how = Produced.with(node.key(), node.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        node.stream().to(step.path("topic").asText(), how);
    }

    private static Grouped<Object, Object> grouped(JsonNode step, Serde<Object> key, Serde<Object> value) {
        Grouped<Object, Object> grouped = Grouped.with(key, value);
        return step.has("name") ? grouped.withName(step.get("name").asText()) : grouped;
    }

    private static Predicate<Object, Object> predicate(String name) {
        var predicate = named("predicate", Catalogue.PREDICATES, name);
        return (key, value) -> predicate.apply(text(key), text(value));
    }

    private static ValueMapperWithKey<Object, Object, Object> valueMapper(String name) {
        var mapper = named("valueMapper", Catalogue.VALUE_MAPPERS, name);
        return (key, value) -> mapper.apply(text(key), text(value));
    }

    /** The function of a step, under whichever of its names the operator has it. */
    private static String function(JsonNode step) {
        for (String field : List.of("predicate", "mapper", "selector")) {
            if (step.has(field)) return step.get(field).asText();
        }
        return "";
    }

    private static Node.Stream same(Node.Stream node, KStream<Object, Object> stream) {
        return new Node.Stream(stream, node.key(), node.value());
    }

    private static Node.Stream newValues(Node.Stream node, KStream<Object, Object> stream) {
        return new Node.Stream(stream, node.key(), string());
    }

    private static Node.Stream strings(KStream<Object, Object> stream) {
        return new Node.Stream(stream, string(), string());
    }

    private static KeyValue<Object, Object> pair(KeyValue<String, String> pair) {
        return KeyValue.pair(pair.key, pair.value);
    }

    private static List<KeyValue<Object, Object>> pairs(List<KeyValue<String, String>> pairs) {
        return pairs.stream().map(Interpreter::pair).toList();
    }

    @SuppressWarnings("unchecked")
    static Serde<Object> string() {
        return (Serde<Object>) (Serde<?>) Serdes.String();
    }

    private Node node(JsonNode id) {
        Node found = nodes.get(id.asText());
        if (found == null) throw new IllegalArgumentException("no step has the id " + id);
        return found;
    }

    private void keep(JsonNode step, Node node) {
        if (nodes.put(step.path("id").asText(), node) != null) throw new IllegalArgumentException("its id is taken");
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        for (JsonNode item : array) strings.add(item.asText());
        return strings;
    }
}
