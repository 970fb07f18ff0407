package millrace.peer;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.SessionWindowedDeserializer;
import org.apache.kafka.streams.kstream.SessionWindowedSerializer;
import org.apache.kafka.streams.kstream.TimeWindowedDeserializer;
import org.apache.kafka.streams.kstream.TimeWindowedSerializer;
import org.apache.kafka.streams.processor.StateStore;

/** Types are objects here, since the spec decides them at run time; what the API says more exactly is made so. */
final class Types {
    private Types() {}

    static final Serde<Object> STRING = erased(Serdes.String());
    static final Serde<Object> LONG = erased(Serdes.Long());

    static Serde<Object> timeWindowed(Serde<Object> inner, long sizeMs) {
        return erased(Serdes.serdeFrom(
                new TimeWindowedSerializer<>(inner.serializer()),
                new TimeWindowedDeserializer<>(inner.deserializer(), sizeMs)));
    }

    static Serde<Object> sessionWindowed(Serde<Object> inner) {
        return erased(Serdes.serdeFrom(
                new SessionWindowedSerializer<>(inner.serializer()), new SessionWindowedDeserializer<>(inner.deserializer())));
    }

    @SuppressWarnings("unchecked")
    static KTable<Object, Object> objects(KTable<?, ?> table) {
        return (KTable<Object, Object>) table;
    }

    /** The values are longs, which the type of the settings does not say. */
    @SuppressWarnings("unchecked")
    static <S extends StateStore> Materialized<Object, Long, S> ofLongs(Materialized<Object, Object, S> materialized) {
        return (Materialized<Object, Long, S>) (Materialized<?, ?, ?>) materialized;
    }

    @SuppressWarnings("unchecked")
    private static Serde<Object> erased(Serde<?> serde) {
        return (Serde<Object>) serde;
    }
}
