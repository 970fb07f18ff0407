package millrace.peer;

import static millrace.peer.Format.JSON;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.kstream.internals.TimeWindow;

/** Kafka's serdes. */
final class SerdeFormats {
    private static final long WINDOW_MS = 500;
    static final Map<String, Format> FORMATS = new HashMap<>();

    static {
        Kind<String> text = new Kind<>(Serdes.String(), JsonNode::asText, JSON::textNode);
        Kind<Integer> integer = new Kind<>(Serdes.Integer(), JsonNode::asInt, JSON::numberNode);
        Kind<Long> number = new Kind<>(Serdes.Long(), datum -> Long.parseLong(datum.asText()), value -> JSON.textNode(value.toString()));
        Kind<UUID> uuid = new Kind<>(Serdes.UUID(), datum -> UUID.fromString(datum.asText()), value -> JSON.textNode(value.toString()));
        Kind<Double> floating = new Kind<>(
                Serdes.Double(),
                datum -> Double.longBitsToDouble(Long.parseUnsignedLong(datum.asText(), 16)),
                value -> JSON.textNode(String.format("%016x", Double.doubleToLongBits(value))));
        Kind<byte[]> bytes = new Kind<>(Serdes.ByteArray(), Format::bytes, Format::shown);
        FORMATS.put("string", text.format());
        FORMATS.put("int", integer.format());
        FORMATS.put("long", number.format());
        FORMATS.put("safeLong", number.format());
        FORMATS.put("short", new Kind<>(Serdes.Short(), datum -> (short) datum.asInt(), JSON::numberNode).format());
        FORMATS.put("double", floating.format());
        FORMATS.put("float", new Kind<>(
                Serdes.Float(),
                datum -> Float.intBitsToFloat(Integer.parseUnsignedInt(datum.asText(), 16)),
                value -> JSON.textNode(String.format("%08x", Float.floatToIntBits(value)))).format());
        FORMATS.put("boolean", new Kind<>(Serdes.Boolean(), JsonNode::asBoolean, JSON::booleanNode).format());
        FORMATS.put("bytes", bytes.format());
        FORMATS.put("uuid", uuid.format());
        // Null has no bytes at all.
        FORMATS.put("void", Format.of(datum -> new byte[0], read -> Format.shown(String.valueOf(Serdes.Void().deserializer().deserialize(Format.TOPIC, read)))));
        FORMATS.put("list of string", listOf(text));
        FORMATS.put("list of int", listOf(integer));
        FORMATS.put("list of long", listOf(number));
        FORMATS.put("list of double", listOf(floating));
        FORMATS.put("list of uuid", listOf(uuid));
        FORMATS.put("list of bytes", listOf(bytes));
        FORMATS.put("time window of string", timeWindowOf(text, String.class));
        FORMATS.put("time window of long", timeWindowOf(number, Long.class));
        FORMATS.put("session of string", sessionOf(text, String.class));
        FORMATS.put("session of uuid", sessionOf(uuid, UUID.class));
    }

    private SerdeFormats() {}

    record Kind<T>(Serde<T> serde, Function<JsonNode, T> of, Function<T, JsonNode> show) {
        Format format() {
            return Format.serde(serde, of, show);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static <T> Format listOf(Kind<T> element) {
        Serde<List<T>> serde = (Serde) Serdes.ListSerde(ArrayList.class, element.serde());
        return Format.serde(
                serde,
                data -> {
                    List<T> values = new ArrayList<>();
                    for (JsonNode datum : data) values.add(datum.isNull() ? null : element.of().apply(datum));
                    return values;
                },
                values -> {
                    ArrayNode data = JSON.arrayNode();
                    for (T value : values) data.add(value == null ? JSON.nullNode() : element.show().apply(value));
                    return data;
                });
    }

    private static <T> Format timeWindowOf(Kind<T> key, Class<T> type) {
        return Format.serde(
                WindowedSerdes.timeWindowedSerdeFrom(type, WINDOW_MS),
                datum -> new Windowed<>(
                        key.of().apply(datum.path("key")),
                        new TimeWindow(datum.path("start").asLong(), datum.path("end").asLong())),
                windowed -> shown(key, windowed));
    }

    private static <T> Format sessionOf(Kind<T> key, Class<T> type) {
        return Format.serde(
                WindowedSerdes.sessionWindowedSerdeFrom(type),
                datum -> new Windowed<>(
                        key.of().apply(datum.path("key")),
                        new SessionWindow(datum.path("start").asLong(), datum.path("end").asLong())),
                windowed -> shown(key, windowed));
    }

    private static <T> JsonNode shown(Kind<T> key, Windowed<T> windowed) {
        ObjectNode datum = Format.object();
        datum.set("key", key.show().apply(windowed.key()));
        datum.put("start", windowed.window().start());
        datum.put("end", windowed.window().end());
        return datum;
    }
}
