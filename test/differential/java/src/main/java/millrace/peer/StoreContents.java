package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.TreeSet;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.internals.RocksDBTimeOrderedKeyValueBuffer;
import org.apache.kafka.streams.state.internals.TimeOrderedKeyValueBuffer;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** What the stores of a driver hold at the end, in the order in which the stores iterate. */
final class StoreContents {
    private StoreContents() {}

    static JsonNode of(TopologyTestDriver driver, VersionedContents.Asked asked) {
        ObjectNode stores = Main.JSON.createObjectNode();
        for (String name : new TreeSet<>(driver.getAllStateStores().keySet())) {
            StateStore store = driver.getAllStateStores().get(name);
            // One that no processor is connected to is never made.
            if (store == null) continue;
            // What waits in a join with grace: its changelog says it.
            if (store instanceof RocksDBTimeOrderedKeyValueBuffer) continue;
            ArrayNode entries = stores.putArray(name);
            if (store instanceof TimeOrderedKeyValueBuffer) InnerContents.ofBuffer(store, entries);
            else if (name.contains("-SUBSCRIPTION-STATE-STORE-") || name.endsWith("-subscription-store")) InnerContents.ofSubscriptions(store, entries);
            else if (name.contains("-shared-join-store") || name.startsWith("KSTREAM-OUTERSHARED-")) InnerContents.ofUnmatched(store, entries);
            else if (store instanceof TimestampedWindowStore) windows(driver.getTimestampedWindowStore(name), entries);
            else if (store instanceof WindowStore) plainWindows(driver.getWindowStore(name), entries);
            else if (store instanceof SessionStore) sessions(driver.getSessionStore(name), entries);
            else if (store instanceof VersionedKeyValueStore) VersionedContents.of(store, asked, entries);
            else if (store instanceof TimestampedKeyValueStore) keyValues(driver.getTimestampedKeyValueStore(name), entries);
            else if (store instanceof KeyValueStore) plainKeyValues(driver.getKeyValueStore(name), entries);
            else throw new IllegalStateException("store " + name + " is of a kind not known here: " + store.getClass());
        }
        return stores;
    }

    private static void keyValues(KeyValueStore<Object, ValueAndTimestamp<Object>> store, ArrayNode entries) {
        try (KeyValueIterator<Object, ValueAndTimestamp<Object>> all = store.all()) {
            while (all.hasNext()) {
                KeyValue<Object, ValueAndTimestamp<Object>> next = all.next();
                entry(entries, next.key, next.value);
            }
        }
    }

    private static void plainKeyValues(KeyValueStore<Object, Object> store, ArrayNode entries) {
        try (KeyValueIterator<Object, Object> all = store.all()) {
            while (all.hasNext()) {
                KeyValue<Object, Object> next = all.next();
                entry(entries, next.key, ValueAndTimestamp.make(next.value, -1));
            }
        }
    }

    private static void windows(WindowStore<Object, ValueAndTimestamp<Object>> store, ArrayNode entries) {
        try (KeyValueIterator<Windowed<Object>, ValueAndTimestamp<Object>> all = store.all()) {
            while (all.hasNext()) {
                KeyValue<Windowed<Object>, ValueAndTimestamp<Object>> next = all.next();
                ObjectNode entry = entry(entries, next.key.key(), next.value);
                entry.put("windowStart", next.key.window().start());
                entry.put("windowEnd", next.key.window().end());
            }
        }
    }

    private static void plainWindows(WindowStore<Object, Object> store, ArrayNode entries) {
        try (KeyValueIterator<Windowed<Object>, Object> all = store.all()) {
            while (all.hasNext()) {
                KeyValue<Windowed<Object>, Object> next = all.next();
                ObjectNode entry = entry(entries, next.key.key(), ValueAndTimestamp.make(next.value, -1));
                entry.put("windowStart", next.key.window().start());
                entry.put("windowEnd", next.key.window().end());
            }
        }
    }

    private static void sessions(SessionStore<Object, Object> store, ArrayNode entries) {
        try (KeyValueIterator<Windowed<Object>, Object> all = store.fetch(null, null)) {
            while (all.hasNext()) {
                KeyValue<Windowed<Object>, Object> next = all.next();
                ObjectNode entry = entry(entries, next.key.key(), ValueAndTimestamp.make(next.value, -1));
                entry.put("windowStart", next.key.window().start());
                entry.put("windowEnd", next.key.window().end());
            }
        }
    }

    private static ObjectNode entry(ArrayNode entries, Object key, ValueAndTimestamp<Object> value) {
        ObjectNode entry = entries.addObject();
        entry.put("key", bytes(key));
        entry.put("value", bytes(value.value()));
        entry.put("timestamp", value.timestamp());
        return entry;
    }

    /** The bytes of the serdes that a spec uses; a windowed key as Kafka Streams writes it to a topic. */
    private static byte[] bytes(Object object) {
        if (object instanceof Long number) return Serdes.Long().serializer().serialize("", number);
        if (object instanceof Windowed<?> windowed) {
            byte[] inner = bytes(windowed.key());
            if (windowed.window() instanceof SessionWindow session) {
                return java.nio.ByteBuffer.allocate(inner.length + 16)
                        .put(inner)
                        .putLong(session.end())
                        .putLong(session.start())
                        .array();
            }
            return java.nio.ByteBuffer.allocate(inner.length + 8).put(inner).putLong(windowed.window().start()).array();
        }
        return Serdes.String().serializer().serialize("", (String) object);
    }
}
