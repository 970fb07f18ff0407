package millrace.peer;

import static millrace.peer.Format.JSON;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.internals.Change;
import org.apache.kafka.streams.kstream.internals.ChangedDeserializer;
import org.apache.kafka.streams.kstream.internals.ChangedSerializer;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionResponseWrapper;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionResponseWrapperSerde;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionWrapper;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionWrapperSerde;
import org.apache.kafka.streams.processor.internals.ProcessorRecordContext;
import org.apache.kafka.streams.state.internals.BufferValue;
import org.apache.kafka.streams.state.internals.LeftOrRightValue;
import org.apache.kafka.streams.state.internals.LeftOrRightValueSerde;

/** What wraps values on their way between sub-topologies, and in changelogs. */
final class WrapperFormats {
    private static final Serde<LeftOrRightValue<String, String>> SIDE =
            new LeftOrRightValueSerde<>(Serdes.String(), Serdes.String());
    private static final Serde<List<byte[]>> SIDES = sides();
    static final Map<String, Format> FORMATS = new HashMap<>();

    static {
        FORMATS.put("subscription", Format.serde(
                new SubscriptionWrapperSerde<>(() -> "pk", Serdes.String()),
                datum -> {
                    JsonNode partition = datum.path("primaryPartition");
                    return new SubscriptionWrapper<>(
                            hash(datum),
                            SubscriptionWrapper.Instruction.fromValue((byte) datum.path("instruction").asInt()),
                            datum.path("primaryKey").asText(),
                            (byte) (partition.isNull() ? 0 : 1),
                            partition.isNull() ? null : partition.asInt());
                },
                read -> {
                    ObjectNode datum = Format.object();
                    datum.set("hash", shownHash(read.hash()));
                    datum.put("instruction", (int) read.instruction().value());
                    datum.put("primaryKey", read.primaryKey());
                    datum.put("primaryPartition", read.primaryPartition());
                    return datum;
                }));
        FORMATS.put("response to a subscription", Format.serde(
                new SubscriptionResponseWrapperSerde<>(Serdes.String()),
                datum -> new SubscriptionResponseWrapper<>(hash(datum), Format.text(datum.path("foreignValue")), null),
                read -> {
                    ObjectNode datum = Format.object();
                    datum.set("hash", shownHash(read.originalValueHash()));
                    datum.put("foreignValue", read.foreignValue());
                    return datum;
                }));
        FORMATS.put("change of a row", Format.serde(
                Serdes.serdeFrom(
                        new ChangedSerializer<>(Serdes.String().serializer()),
                        new ChangedDeserializer<>(Serdes.String().deserializer())),
                datum -> new Change<>(Format.text(datum.path("newValue")), Format.text(datum.path("oldValue"))),
                read -> Format.object().put("newValue", read.newValue).put("oldValue", read.oldValue)));
        FORMATS.put("values of unmatched records", Format.serde(
                SIDES,
                data -> {
                    List<byte[]> values = new ArrayList<>();
                    for (JsonNode datum : data) {
                        String value = datum.path("value").asText();
                        values.add(SIDE.serializer().serialize(Format.TOPIC, new RecordHeaders(), datum.path("left").asBoolean()
                                ? LeftOrRightValue.makeLeftValue(value)
                                : LeftOrRightValue.makeRightValue(value)));
                    }
                    return values;
                },
                read -> {
                    ArrayNode data = JSON.arrayNode();
                    for (byte[] bytes : read) {
                        LeftOrRightValue<String, String> side = SIDE.deserializer().deserialize(Format.TOPIC, new RecordHeaders(), bytes);
                        boolean left = side.leftValue() != null;
                        data.addObject().put("left", left).put("value", left ? side.leftValue() : side.rightValue());
                    }
                    return data;
                }));
        FORMATS.put("what suppress holds back", Format.of(WrapperFormats::writeHeld, WrapperFormats::readHeld));
    }

    private WrapperFormats() {}

    /** As the store of lists has them. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Serde<List<byte[]>> sides() {
        return (Serde) Serdes.ListSerde(ArrayList.class, Serdes.ByteArray());
    }

    private static byte[] writeHeld(JsonNode datum) throws Exception {
        RecordHeaders headers = new RecordHeaders();
        for (JsonNode header : datum.path("headers")) {
            headers.add(header.path("key").asText(), Format.bytes(header.path("value")));
        }
        ProcessorRecordContext context = new ProcessorRecordContext(
                datum.path("timestamp").asLong(),
                datum.path("offset").asLong(),
                datum.path("partition").asInt(),
                datum.path("topic").asText(),
                headers);
        // The class is for the buffer's own package.
        Constructor<BufferValue> make = BufferValue.class.getDeclaredConstructor(
                byte[].class, byte[].class, byte[].class, ProcessorRecordContext.class);
        make.setAccessible(true);
        BufferValue held = make.newInstance(
                Format.bytes(datum.path("prior")), Format.bytes(datum.path("old")), Format.bytes(datum.path("value")), context);
        Method serialize = BufferValue.class.getDeclaredMethod("serialize", int.class);
        serialize.setAccessible(true);
        return ((ByteBuffer) serialize.invoke(held, Long.BYTES)).putLong(datum.path("time").asLong()).array();
    }

    private static JsonNode readHeld(byte[] bytes) throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        Method deserialize = BufferValue.class.getDeclaredMethod("deserialize", ByteBuffer.class);
        deserialize.setAccessible(true);
        BufferValue held = (BufferValue) deserialize.invoke(null, buffer);
        long time = buffer.getLong();
        ProcessorRecordContext context = (ProcessorRecordContext) get(held, "context");
        ObjectNode datum = Format.object();
        datum.put("timestamp", context.timestamp());
        datum.put("offset", context.offset());
        datum.put("topic", context.topic());
        datum.put("partition", context.partition());
        ArrayNode headers = datum.putArray("headers");
        for (Header header : context.headers()) {
            headers.addObject().put("key", header.key()).set("value", Format.shown(header.value()));
        }
        datum.set("prior", Format.shown((byte[]) get(held, "priorValue")));
        datum.set("old", Format.shown((byte[]) get(held, "oldValue")));
        datum.set("value", Format.shown((byte[]) get(held, "newValue")));
        datum.put("time", time);
        return datum;
    }

    private static Object get(BufferValue held, String field) throws Exception {
        Method getter = BufferValue.class.getDeclaredMethod(field);
        getter.setAccessible(true);
        return getter.invoke(held);
    }

    private static long[] hash(JsonNode datum) {
        byte[] bytes = Format.bytes(datum.path("hash"));
        if (bytes == null) return null;
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new long[] {buffer.getLong(), buffer.getLong()};
    }

    private static JsonNode shownHash(long[] hash) {
        if (hash == null) return JSON.nullNode();
        return JSON.binaryNode(ByteBuffer.allocate(16).putLong(hash[0]).putLong(hash[1]).array());
    }
}
