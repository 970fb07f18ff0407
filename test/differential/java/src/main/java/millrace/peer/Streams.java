package millrace.peer;

import static millrace.peer.Catalogue.named;
import static millrace.peer.Catalogue.text;
import static millrace.peer.Types.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.BranchedKStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Printed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.StreamPartitioner;

/** Steps of streams without state; those that tables have as well go on to {@link Tables}. */
final class Streams {
    static final Map<String, Building.Operator> OPERATORS = Map.ofEntries(
            Map.entry("filter", Streams::filter),
            Map.entry("filterNot", Streams::filter),
            Map.entry("map", Streams::map),
            Map.entry("mapValues", Streams::mapValues),
            Map.entry("flatMap", Streams::flatMap),
            Map.entry("flatMapValues", Streams::flatMapValues),
            Map.entry("selectKey", Streams::selectKey),
            Map.entry("merge", Streams::merge),
            Map.entry("peek", Streams::peek),
            Map.entry("split", Streams::split),
            Map.entry("repartition", Streams::repartition),
            Map.entry("to", Streams::to),
            Map.entry("foreach", Streams::foreach),
            Map.entry("print", Streams::print),
            Map.entry("toTable", Streams::toTable),
            Map.entry("toStream", Tables::toStream));

    private Streams() {}

    private static Node filter(JsonNode step, Building building) {
        if (building.read(step, "from") instanceof Node.Table table) return Tables.filter(step, table);
        Node.Stream node = from(step, building);
        KStream<Object, Object> stream = node.stream();
        Predicate<Object, Object> predicate = Functions.predicate(step);
        Named named = Stores.named(step);
        if (step.path("op").asText().equals("filter")) {
            return same(node, named == null ? stream.filter(predicate) : stream.filter(predicate, named));
        }
        return same(node, named == null ? stream.filterNot(predicate) : stream.filterNot(predicate, named));
    }

    private static Node map(JsonNode step, Building building) {
        KStream<Object, Object> stream = from(step, building).stream();
        KeyValueMapper<Object, Object, KeyValue<Object, Object>> mapper = Functions.pairMapper(step);
        Named named = Stores.named(step);
        return new Node.Stream(named == null ? stream.map(mapper) : stream.map(mapper, named), STRING, STRING);
    }

    private static Node mapValues(JsonNode step, Building building) {
        if (building.read(step, "from") instanceof Node.Table table) return Tables.mapValues(step, table);
        Node.Stream node = from(step, building);
        ValueMapperWithKey<Object, Object, Object> mapper = Functions.valueMapper(step);
        Named named = Stores.named(step);
        return newValues(node, named == null ? node.stream().mapValues(mapper) : node.stream().mapValues(mapper, named));
    }

    private static Node flatMap(JsonNode step, Building building) {
        KStream<Object, Object> stream = from(step, building).stream();
        var mapper = named("flatPairMapper", Catalogue.FLAT_PAIR_MAPPERS, step.path("mapper").asText());
        KeyValueMapper<Object, Object, List<KeyValue<Object, Object>>> flat = (key, value) -> {
            List<KeyValue<Object, Object>> pairs = new ArrayList<>();
            for (var pair : mapper.apply(text(key), text(value))) pairs.add(KeyValue.pair(pair.key, pair.value));
            return pairs;
        };
        Named named = Stores.named(step);
        return new Node.Stream(named == null ? stream.flatMap(flat) : stream.flatMap(flat, named), STRING, STRING);
    }

    private static Node flatMapValues(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        var mapper = named("flatValueMapper", Catalogue.FLAT_VALUE_MAPPERS, step.path("mapper").asText());
        ValueMapperWithKey<Object, Object, Iterable<Object>> flat =
                (key, value) -> new ArrayList<>(mapper.apply(text(key), text(value)));
        Named named = Stores.named(step);
        return newValues(node, named == null ? node.stream().flatMapValues(flat) : node.stream().flatMapValues(flat, named));
    }

    private static Node selectKey(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        KeyValueMapper<Object, Object, Object> selector = Functions.selector(step);
        Named named = Stores.named(step);
        KStream<Object, Object> selected =
                named == null ? node.stream().selectKey(selector) : node.stream().selectKey(selector, named);
        return new Node.Stream(selected, STRING, node.value());
    }

    private static Node merge(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        KStream<Object, Object> other = building.read(step, "with", Node.Stream.class).stream();
        Named named = Stores.named(step);
        return same(node, named == null ? node.stream().merge(other) : node.stream().merge(other, named));
    }

    private static Node peek(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        Named named = Stores.named(step);
        return same(node, named == null ? node.stream().peek((k, v) -> {}) : node.stream().peek((k, v) -> {}, named));
    }

    private static Node split(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        Named named = Stores.named(step);
        BranchedKStream<Object, Object> split = named == null ? node.stream().split() : node.stream().split(named);
        for (JsonNode branch : step.path("branches")) {
            split = split.branch(Functions.predicate(branch), branched(branch, node, building));
        }
        if (step.has("defaultBranch")) split.defaultBranch(branched(step.get("defaultBranch"), node, building));
        else split.noDefaultBranch();
        return null;
    }

    private static Branched<Object, Object> branched(JsonNode branch, Node.Stream node, Building building) {
        Consumer<KStream<Object, Object>> kept = stream -> building.keep(branch, same(node, stream));
        return branch.has("name") ? Branched.withConsumer(kept, branch.get("name").asText()) : Branched.withConsumer(kept);
    }

    private static Node repartition(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        Repartitioned<Object, Object> how = Repartitioned.with(node.key(), node.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        if (step.has("partitions")) how = how.withNumberOfPartitions(step.get("partitions").asInt());
        if (step.has("partitioner")) how = how.withStreamPartitioner(partitioner(step));
        return same(node, node.stream().repartition(how));
    }

    private static Node to(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        Produced<Object, Object> how = Produced.with(node.key(), node.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        if (step.has("partitioner")) how = how.withStreamPartitioner(partitioner(step));
        if (step.has("choice")) {
            var choice = named("topicChoice", Catalogue.TOPIC_CHOICES, step.get("choice").asText());
            node.stream().to((key, value, context) -> choice.apply(text(key), text(value)), how);
        } else {
            node.stream().to(step.path("topic").asText(), how);
        }
        return null;
    }

    private static StreamPartitioner<Object, Object> partitioner(JsonNode step) {
        var partitions = named("partitions", Catalogue.PARTITIONS, step.path("partitioner").asText());
        return (topic, key, value, count) -> switch (partitions.apply(text(key), text(value))) {
            case "default" -> Optional.empty();
            case "" -> Optional.of(Set.of());
            default -> Optional.of(Set.of(0));
        };
    }

    private static Node foreach(JsonNode step, Building building) {
        Named named = Stores.named(step);
        if (named == null) from(step, building).stream().foreach((key, value) -> {});
        else from(step, building).stream().foreach((key, value) -> {}, named);
        return null;
    }

    private static Node print(JsonNode step, Building building) {
        Printed<Object, Object> how = Printed.<Object, Object>toSysOut().withKeyValueMapper((key, value) -> "");
        from(step, building).stream().print(step.has("name") ? how.withName(step.get("name").asText()) : how);
        return null;
    }

    private static Node toTable(JsonNode step, Building building) {
        Node.Stream node = from(step, building);
        Named named = Stores.named(step);
        var store = step.has("store") ? Stores.keyValue(step.get("store"), node.key(), node.value()) : null;
        KTable<Object, Object> table;
        if (store == null) table = named == null ? node.stream().toTable() : node.stream().toTable(named);
        else table = named == null ? node.stream().toTable(store) : node.stream().toTable(named, store);
        return new Node.Table(table, node.key(), node.value());
    }

    private static Node.Stream from(JsonNode step, Building building) {
        return building.read(step, "from", Node.Stream.class);
    }

    static Node.Stream same(Node.Stream node, KStream<Object, Object> stream) {
        return new Node.Stream(stream, node.key(), node.value());
    }

    static Node.Stream newValues(Node.Stream node, KStream<Object, Object> stream) {
        return new Node.Stream(stream, node.key(), STRING);
    }
}
