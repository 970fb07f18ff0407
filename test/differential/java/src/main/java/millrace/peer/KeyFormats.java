package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.CombinedKeySchema;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.internals.Murmur3;
import org.apache.kafka.streams.state.internals.SessionKeySchema;
import org.apache.kafka.streams.state.internals.TimestampedKeyAndJoinSide;
import org.apache.kafka.streams.state.internals.TimestampedKeyAndJoinSideSerde;
import org.apache.kafka.streams.state.internals.ValueAndTimestampSerde;
import org.apache.kafka.streams.state.internals.WindowKeySchema;

/** Which partition a key goes to, and what stores write. */
final class KeyFormats {
    static final Map<String, Format> FORMATS = new HashMap<>();

    static {
        FORMATS.put("murmur2", Format.writing(key -> text(Utils.murmur2(Format.bytes(key)))));
        FORMATS.put("default partitioner", Format.writing(datum -> text(BuiltInPartitioner.partitionForKey(
                Format.bytes(datum.path("key")), datum.path("partitions").asInt()))));
        FORMATS.put("hash of a row", Format.writing(row -> {
            long[] hash = Murmur3.hash128(Format.bytes(row));
            return ByteBuffer.allocate(16).putLong(hash[0]).putLong(hash[1]).array();
        }));
        FORMATS.put("window key", Format.of(
                datum -> windowKey(Bytes.wrap(Format.bytes(datum.path("key"))), datum.path("start"), datum.path("sequence")),
                bytes -> {
                    Windowed<Bytes> read = WindowKeySchema.fromStoreBytesKey(bytes, 1);
                    ObjectNode datum = Format.object();
                    datum.set("key", Format.shown(read.key().get()));
                    datum.put("start", read.window().start());
                    datum.put("sequence", sequence(bytes));
                    return datum;
                }));
        FORMATS.put("changelog key of a window store", Format.of(
                datum -> windowKey(Bytes.wrap(datum.path("key").asText().getBytes(StandardCharsets.UTF_8)), datum.path("slot"), datum.path("tie")),
                bytes -> {
                    Windowed<Bytes> read = WindowKeySchema.fromStoreBytesKey(bytes, 1);
                    ObjectNode datum = Format.object();
                    datum.put("key", new String(read.key().get(), StandardCharsets.UTF_8));
                    datum.put("slot", read.window().start());
                    datum.put("tie", sequence(bytes));
                    return datum;
                }));
        FORMATS.put("session key", Format.of(
                datum -> sessionKey(Bytes.wrap(Format.bytes(datum.path("key"))), datum.path("start"), datum.path("end")),
                bytes -> {
                    Windowed<Bytes> read = SessionKeySchema.from(Bytes.wrap(bytes));
                    ObjectNode datum = Format.object();
                    datum.set("key", Format.shown(read.key().get()));
                    datum.put("start", read.window().start());
                    datum.put("end", read.window().end());
                    return datum;
                }));
        FORMATS.put("changelog key of a session store", Format.of(
                datum -> sessionKey(Bytes.wrap(datum.path("key").asText().getBytes(StandardCharsets.UTF_8)), datum.path("tie"), datum.path("slot")),
                bytes -> {
                    Windowed<Bytes> read = SessionKeySchema.from(Bytes.wrap(bytes));
                    ObjectNode datum = Format.object();
                    datum.put("key", new String(read.key().get(), StandardCharsets.UTF_8));
                    datum.put("slot", read.window().end());
                    datum.put("tie", read.window().start());
                    return datum;
                }));
        FORMATS.put("value with its timestamp", Format.serde(
                new ValueAndTimestampSerde<>(Serdes.String()),
                datum -> ValueAndTimestamp.make(datum.path("value").asText(), datum.path("timestamp").asLong()),
                read -> Format.object().put("value", read.value()).put("timestamp", read.timestamp())));
        FORMATS.put("key of an unmatched record", Format.serde(
                new TimestampedKeyAndJoinSideSerde<>(Serdes.String()),
                KeyFormats::joinSide,
                read -> Format.object().put("key", read.key()).put("timestamp", read.timestamp()).put("left", read.isLeftSide())));
        FORMATS.put("key of a subscription", Format.writing(datum -> {
            // The method is for the join's own package.
            var toBytes = CombinedKeySchema.class.getDeclaredMethod("toBytes", Object.class, Object.class, Headers.class);
            toBytes.setAccessible(true);
            var schema = new CombinedKeySchema<>(() -> "fk", Serdes.String(), () -> "pk", Serdes.String());
            Bytes bytes = (Bytes) toBytes.invoke(
                    schema, datum.path("foreignKey").asText(), datum.path("primaryKey").asText(), new RecordHeaders());
            return bytes.get();
        }));
    }

    private KeyFormats() {}

    private static TimestampedKeyAndJoinSide<String> joinSide(JsonNode datum) {
        String key = datum.path("key").asText();
        long timestamp = datum.path("timestamp").asLong();
        return datum.path("left").asBoolean()
                ? TimestampedKeyAndJoinSide.makeLeft(key, timestamp)
                : TimestampedKeyAndJoinSide.makeRight(key, timestamp);
    }

    private static byte[] windowKey(Bytes key, JsonNode start, JsonNode sequence) {
        return WindowKeySchema.toStoreKeyBinary(key, start.asLong(), sequence.asInt()).get();
    }

    /** The last four bytes; what reads them is for the stores' own package. */
    private static int sequence(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getInt(bytes.length - 4);
    }

    private static byte[] sessionKey(Bytes key, JsonNode start, JsonNode end) {
        return SessionKeySchema.toBinary(new Windowed<>(key, new SessionWindow(start.asLong(), end.asLong()))).get();
    }

    private static byte[] text(int number) {
        return String.valueOf(number).getBytes(StandardCharsets.UTF_8);
    }
}
