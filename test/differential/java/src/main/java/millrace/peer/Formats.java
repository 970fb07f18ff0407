package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes and reads values in formats that Kafka shares with Millrace. */
final class Formats {
    private static final Map<String, Format> FORMATS = new HashMap<>();

    static {
        for (var group : List.of(SerdeFormats.FORMATS, KeyFormats.FORMATS, WrapperFormats.FORMATS)) FORMATS.putAll(group);
    }

    private Formats() {}

    /** For each value the bytes that it is written as, and what comes of the bytes to read: a value, or that they are refused. */
    static JsonNode answer(JsonNode command) throws Exception {
        Format format = FORMATS.get(command.path("format").asText());
        if (format == null) throw new IllegalArgumentException("no such format: " + command.path("format"));
        ArrayNode results = Main.JSON.createArrayNode();
        for (JsonNode value : command.path("values")) {
            ObjectNode result = results.addObject();
            result.put("written", format.write(value.path("datum")));
            ArrayNode read = result.putArray("read");
            for (JsonNode bytes : value.path("reads")) {
                ObjectNode outcome = read.addObject();
                try {
                    outcome.set("value", format.read(bytes.binaryValue()));
                } catch (RuntimeException refused) {
                    outcome.put("refused", true);
                }
            }
        }
        ObjectNode answer = Main.JSON.createObjectNode();
        answer.set("results", results);
        return answer;
    }
}
