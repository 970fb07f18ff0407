package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.ValueJoinerWithKey;

/** Joins of streams. */
final class Joins {
    static final Map<String, Building.Operator> OPERATORS =
            Map.of("join", Joins::table, "leftJoin", Joins::table, "globalJoin", Joins::global, "streamJoin", Joins::stream);

    private Joins() {}

    private static Node table(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        Node.Table table = building.read(step, "table", Node.Table.class);
        ValueJoinerWithKey<Object, Object, Object, Object> joiner = Functions.joiner(step);
        Joined<Object, Object, Object> how = Joined.with(node.key(), node.value(), table.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        if (step.has("graceMs")) how = how.withGracePeriod(Duration.ofMillis(step.get("graceMs").asLong()));
        return Streams.newValues(
                node,
                step.path("op").asText().equals("join")
                        ? node.stream().join(table.table(), joiner, how)
                        : node.stream().leftJoin(table.table(), joiner, how));
    }

    private static Node global(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        GlobalKTable<Object, Object> table = building.read(step, "with", Node.Global.class).table();
        KeyValueMapper<Object, Object, Object> selector = Functions.selector(step);
        ValueJoinerWithKey<Object, Object, Object, Object> joiner = Functions.joiner(step);
        Named named = Stores.named(step);
        KStream<Object, Object> joined;
        if (step.path("kind").asText().equals("inner")) {
            joined = named == null
                    ? node.stream().join(table, selector, joiner)
                    : node.stream().join(table, selector, joiner, named);
        } else {
            joined = named == null
                    ? node.stream().leftJoin(table, selector, joiner)
                    : node.stream().leftJoin(table, selector, joiner, named);
        }
        return Streams.newValues(node, joined);
    }

    private static Node stream(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        Node.Stream other = building.read(step, "with", Node.Stream.class);
        ValueJoinerWithKey<Object, Object, Object, Object> joiner = Functions.joiner(step);
        StreamJoined<Object, Object, Object> how = StreamJoined.with(node.key(), node.value(), other.value());
        if (step.has("name")) how = how.withName(step.get("name").asText());
        if (step.has("storeName")) how = how.withStoreName(step.get("storeName").asText());
        if (!step.path("logging").asBoolean(true)) how = how.withLoggingDisabled();
        if (step.has("type")) how = how.withDslStoreSuppliers(Stores.suppliers(step.get("type").asText()));
        JoinWindows windows = Windowing.join(step);
        return Streams.newValues(
                node,
                switch (step.path("kind").asText()) {
                    case "inner" -> node.stream().join(other.stream(), joiner, windows, how);
                    case "left" -> node.stream().leftJoin(other.stream(), joiner, windows, how);
                    case "outer" -> node.stream().outerJoin(other.stream(), joiner, windows, how);
                    default -> throw new IllegalArgumentException("no such kind of join");
                });
    }
}
