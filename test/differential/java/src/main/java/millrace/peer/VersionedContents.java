package millrace.peer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.VersionedBytesStore;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/**
 * What a versioned store answers. It cannot list its keys, so it is asked for those of the run's records, at each of the
 * times of its inputs.
 */
final class VersionedContents {
    private VersionedContents() {}

    static void of(StateStore store, Asked asked, ArrayNode entries) {
        VersionedBytesStore versions = (VersionedBytesStore) ((WrappedStateStore<?, ?, ?>) store).wrapped();
        for (Bytes key : asked.keys(store.name())) {
            Set<Bytes> found = new TreeSet<>();
            add(found, versions.get(key));
            for (long time : asked.times()) add(found, versions.get(key, time));
            for (Bytes version : found) {
                ByteBuffer stamped = ByteBuffer.wrap(version.get());
                ObjectNode entry = entries.addObject();
                entry.put("key", key.get());
                entry.put("timestamp", stamped.getLong());
                entry.put("value", Arrays.copyOfRange(version.get(), stamped.position(), stamped.limit()));
            }
        }
    }

    /** The keys and times of a run. */
    interface Asked {
        Set<Bytes> keys(String store);

        Set<Long> times();
    }

    private static void add(Set<Bytes> found, byte[] version) {
        if (version != null) found.add(Bytes.wrap(version));
    }
}
