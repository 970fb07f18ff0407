package millrace.peer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.internals.BufferValue;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/** What stores hold that only the operators themselves read: as bytes, from below all that wraps them. */
final class InnerContents {
    private InnerContents() {}

    /** Of a foreign-key join: subscriptions with their timestamps, by foreign and primary key. */
    static void ofSubscriptions(StateStore store, ArrayNode entries) {
        all(store, (key, value) -> {
            ByteBuffer stamped = ByteBuffer.wrap(value);
            // Headers come first, which no subscription has.
            stamped.position(readVarint(stamped) + stamped.position());
            long timestamp = stamped.getLong();
            byte[] subscription = new byte[stamped.remaining()];
            stamped.get(subscription);
            add(entries, key, subscription, timestamp);
        });
    }

    /** Of a left or outer join of streams: lists of what has found no partner yet. */
    static void ofUnmatched(StateStore store, ArrayNode entries) {
        all(store, (key, value) -> add(entries, key, value, -1));
    }

    /** What suppress holds back, as it is logged. The buffer shows it to nobody. */
    static void ofBuffer(StateStore buffer, ArrayNode entries) {
        try {
            Field byTime = buffer.getClass().getDeclaredField("sortedMap");
            byTime.setAccessible(true);
            for (Map.Entry<?, ?> held : ((Map<?, ?>) byTime.get(buffer)).entrySet()) {
                Bytes key = (Bytes) get(held.getKey(), "key");
                Method serialize = BufferValue.class.getDeclaredMethod("serialize", int.class);
                serialize.setAccessible(true);
                ByteBuffer value = (ByteBuffer) serialize.invoke(held.getValue(), Long.BYTES);
                add(entries, key.get(), value.putLong((long) get(held.getKey(), "time")).array(), -1);
            }
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    interface Entries {
        void add(byte[] key, byte[] value);
    }

    private static void all(StateStore store, Entries entries) {
        StateStore inner = store;
        while (inner instanceof WrappedStateStore<?, ?, ?> wrapped) inner = wrapped.wrapped();
        @SuppressWarnings("unchecked")
        KeyValueStore<Bytes, byte[]> bytes = (KeyValueStore<Bytes, byte[]>) inner;
        try (KeyValueIterator<Bytes, byte[]> all = bytes.all()) {
            while (all.hasNext()) {
                KeyValue<Bytes, byte[]> next = all.next();
                entries.add(next.key.get(), next.value);
            }
        }
    }

    private static Object get(Object key, String getter) throws ReflectiveOperationException {
        Method method = key.getClass().getDeclaredMethod(getter);
        method.setAccessible(true);
        return method.invoke(key);
    }

    private static void add(ArrayNode entries, byte[] key, byte[] value, long timestamp) {
        ObjectNode entry = entries.addObject();
        entry.put("key", key);
        entry.put("value", value);
        entry.put("timestamp", timestamp);
    }

    /** As Kafka writes a length: zigzag, seven bits a byte. Its own reader is in another package in each version. */
    private static int readVarint(ByteBuffer bytes) {
        int read = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = bytes.get();
            read |= (next & 0x7f) << shift;
            if (next >= 0) return (read >>> 1) ^ -(read & 1);
        }
    }
}
