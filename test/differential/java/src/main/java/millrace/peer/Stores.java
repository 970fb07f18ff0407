package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.DslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowStore;

/** The {@code name} and {@code store} options of steps. */
final class Stores {
    private Stores() {}

    /** Null without a name: Kafka Streams has an overload without the argument, which is not the same as an empty name. */
    static Named named(JsonNode step) {
        return step.has("name") ? Named.as(step.get("name").asText()) : null;
    }

    static Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> keyValue(
            JsonNode store, Serde<Object> key, Serde<Object> value) {
        if (store.has("historyRetentionMs")) return settings(store, versioned(store, key, value));
        if (store.has("maxEntries")) {
            var supplier = org.apache.kafka.streams.state.Stores.lruMap(
                    store.path("name").asText(), store.get("maxEntries").asInt());
            return settings(store, Materialized.<Object, Object>as(supplier).withKeySerde(key).withValueSerde(value));
        }
        return settings(store, as(store, key, value));
    }

    private static Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> versioned(
            JsonNode store, Serde<Object> key, Serde<Object> value) {
        Duration history = Duration.ofMillis(store.get("historyRetentionMs").asLong());
        var supplier = org.apache.kafka.streams.state.Stores.persistentVersionedKeyValueStore(
                store.path("name").asText(), history);
        return Materialized.<Object, Object>as(supplier).withKeySerde(key).withValueSerde(value);
    }

    static Materialized<Object, Object, WindowStore<Bytes, byte[]>> window(
            JsonNode store, Serde<Object> key, Serde<Object> value) {
        Materialized<Object, Object, WindowStore<Bytes, byte[]>> windows = settings(store, as(store, key, value));
        return store.has("retentionMs")
                ? windows.withRetention(Duration.ofMillis(store.get("retentionMs").asLong()))
                : windows;
    }

    static Materialized<Object, Object, SessionStore<Bytes, byte[]>> session(
            JsonNode store, Serde<Object> key, Serde<Object> value) {
        Materialized<Object, Object, SessionStore<Bytes, byte[]>> sessions = settings(store, as(store, key, value));
        return store.has("retentionMs")
                ? sessions.withRetention(Duration.ofMillis(store.get("retentionMs").asLong()))
                : sessions;
    }

    private static <S extends StateStore> Materialized<Object, Object, S> as(
            JsonNode store, Serde<Object> key, Serde<Object> value) {
        if (!store.has("name")) return Materialized.with(key, value);
        return Materialized.<Object, Object, S>as(store.get("name").asText()).withKeySerde(key).withValueSerde(value);
    }

    private static <S extends StateStore> Materialized<Object, Object, S> settings(
            JsonNode store, Materialized<Object, Object, S> materialized) {
        if (store.has("caching")) {
            materialized = store.get("caching").asBoolean() ? materialized.withCachingEnabled() : materialized.withCachingDisabled();
        }
        if (!store.path("logging").asBoolean(true)) materialized = materialized.withLoggingDisabled();
        if (store.has("type")) {
            materialized = materialized.withStoreType(suppliers(store.get("type").asText()));
        }
        return materialized;
    }

    static DslStoreSuppliers suppliers(String type) {
        return type.equals("persistent") ? BuiltInDslStoreSuppliers.ROCKS_DB : BuiltInDslStoreSuppliers.IN_MEMORY;
    }
}
