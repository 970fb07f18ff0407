package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.TreeSet;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.internals.TimeOrderedKeyValueBuffer;
import org.apache.kafka.streams.state.WindowStore;

/** What the stores of a driver hold at the end, in the order in which the stores iterate. */
final class StoreContents {
    private StoreContents() {}

    static JsonNode of(TopologyTestDriver driver) {
        ObjectNode stores = Main.JSON.createObjectNode();
        for (String name : new TreeSet<>(driver.getAllStateStores().keySet())) {
            StateStore store = driver.getAllStateStores().get(name);
            // What suppress holds and who subscribes to a foreign key: their changelogs say it.
            if (store instanceof TimeOrderedKeyValueBuffer || name.contains("-SUBSCRIPTION-STATE-STORE-") || name.endsWith("-subscription-store")) continue;
            ArrayNode entries = stores.putArray(name);
            if (store instanceof WindowStore) windows(driver.getTimestampedWindowStore(name), entries);
            else if (store instanceof KeyValueStore) keyValues(driver.getTimestampedKeyValueStore(name), entries);
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
            return java.nio.ByteBuffer.allocate(inner.length + 8).put(inner).putLong(windowed.window().start()).array();
        }
        return Serdes.String().serializer().serialize("", (String) object);
    }
}
