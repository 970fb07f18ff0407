package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.function.Function;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;

/** How a value is written and read; {@code ../../formats/} has the same ones, and says how values are shown as JSON. */
interface Format {
    JsonNodeFactory JSON = JsonNodeFactory.instance;
    String TOPIC = "topic";

    byte[] write(JsonNode datum) throws Exception;

    /** Null where nobody reads what is written. */
    JsonNode read(byte[] bytes) throws Exception;

    interface Writer {
        byte[] write(JsonNode datum) throws Exception;
    }

    interface Reader {
        JsonNode read(byte[] bytes) throws Exception;
    }

    static Format of(Writer writer, Reader reader) {
        return new Format() {
            @Override
            public byte[] write(JsonNode datum) throws Exception {
                return writer.write(datum);
            }

            @Override
            public JsonNode read(byte[] bytes) throws Exception {
                return reader.read(bytes);
            }
        };
    }

    static Format writing(Writer writer) {
        return of(writer, bytes -> null);
    }

    static <T> Format serde(Serde<T> serde, Function<JsonNode, T> of, Function<T, JsonNode> show) {
        return of(
                datum -> serde.serializer().serialize(TOPIC, new RecordHeaders(), of.apply(datum)),
                bytes -> show.apply(serde.deserializer().deserialize(TOPIC, new RecordHeaders(), bytes)));
    }

    static byte[] bytes(JsonNode base64) {
        try {
            return base64.isNull() ? null : base64.binaryValue();
        } catch (IOException error) {
            throw new IllegalArgumentException(error);
        }
    }

    static JsonNode shown(byte[] bytes) {
        return bytes == null ? JSON.nullNode() : JSON.binaryNode(bytes);
    }

    static String text(JsonNode datum) {
        return datum.isNull() ? null : datum.asText();
    }

    static JsonNode shown(String text) {
        return text == null ? JSON.nullNode() : JSON.textNode(text);
    }

    static ObjectNode object() {
        return JSON.objectNode();
    }
}
