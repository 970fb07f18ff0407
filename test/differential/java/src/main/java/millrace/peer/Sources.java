package millrace.peer;

import static millrace.peer.Types.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KTable;

/** Steps with which a topology begins. */
final class Sources {
    static final Map<String, Building.Operator> OPERATORS = Map.of("stream", Sources::stream, "table", Sources::table);

    private Sources() {}

    private static Node stream(JsonNode step, Building building) {
        return new Node.Stream(building.builder.stream(strings(step.path("topics")), consumed(step)), STRING, STRING);
    }

    private static Node table(JsonNode step, Building building) {
        String topic = step.path("topic").asText();
        KTable<Object, Object> table = step.has("store")
                ? building.builder.table(topic, consumed(step), Stores.keyValue(step.get("store"), STRING, STRING))
                : building.builder.table(topic, consumed(step));
        return new Node.Table(table, STRING, STRING);
    }

    private static Consumed<Object, Object> consumed(JsonNode step) {
        Consumed<Object, Object> consumed = Consumed.with(STRING, STRING);
        return step.has("name") ? consumed.withName(step.get("name").asText()) : consumed;
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        for (JsonNode item : array) strings.add(item.asText());
        return strings;
    }
}
