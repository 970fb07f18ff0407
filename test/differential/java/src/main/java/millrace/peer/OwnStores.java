package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.SessionBytesStoreSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/** Stores that the user adds, as an {@code addStore} describes them. */
final class OwnStores {
    private static final Duration SIZE = Duration.ofMillis(10);
    private static final Duration RETENTION = Duration.ofMillis(40);

    private OwnStores() {}

    static StoreBuilder<?> builder(JsonNode store, boolean persistent) {
        String name = store.path("name").asText();
        boolean duplicates = store.path("retainDuplicates").asBoolean(false);
        boolean kept = persistent(store, persistent);
        Serde<String> string = Serdes.String();
        StoreBuilder<?> builder = switch (store.path("kind").asText()) {
            case "keyValue" -> Stores.keyValueStoreBuilder(keyValue(store, persistent), string, string);
            case "window" -> {
                WindowBytesStoreSupplier windows = kept
                        ? Stores.persistentWindowStore(name, RETENTION, SIZE, duplicates)
                        : Stores.inMemoryWindowStore(name, RETENTION, SIZE, duplicates);
                yield Stores.windowStoreBuilder(windows, string, string);
            }
            case "session" -> {
                SessionBytesStoreSupplier sessions = kept
                        ? Stores.persistentSessionStore(name, RETENTION)
                        : Stores.inMemorySessionStore(name, RETENTION);
                yield Stores.sessionStoreBuilder(sessions, string, string);
            }
            default -> throw new IllegalArgumentException("no such kind of store");
        };
        if (store.path("caching").asBoolean(false)) builder = builder.withCachingEnabled();
        return store.path("logging").asBoolean(true)
                ? builder.withLoggingEnabled(Map.of())
                : builder.withLoggingDisabled();
    }

    static KeyValueBytesStoreSupplier keyValue(JsonNode store, boolean persistent) {
        String name = store.path("name").asText();
        if (store.has("maxEntries")) return Stores.lruMap(name, store.get("maxEntries").asInt());
        return persistent(store, persistent) ? Stores.persistentKeyValueStore(name) : Stores.inMemoryKeyValueStore(name);
    }

    private static boolean persistent(JsonNode store, boolean byDefault) {
        return store.has("type") ? store.get("type").asText().equals("persistent") : byDefault;
    }
}
