package millrace.peer;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.CogroupedKStream;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KGroupedTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.SessionWindowedCogroupedKStream;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindowedCogroupedKStream;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;

/** What a step gives, with the serdes of its keys and values. Types are objects, see {@link Types}. */
sealed interface Node {
    Serde<Object> key();

    Serde<Object> value();

    record Stream(KStream<Object, Object> stream, Serde<Object> key, Serde<Object> value) implements Node {}

    record Table(KTable<Object, Object> table, Serde<Object> key, Serde<Object> value) implements Node {}

    record Global(GlobalKTable<Object, Object> table, Serde<Object> key, Serde<Object> value) implements Node {}

    /** A store that processors may name; it has no serdes that anybody asks for. */
    record Store(String name) implements Node {
        @Override
        public Serde<Object> key() {
            return Types.STRING;
        }

        @Override
        public Serde<Object> value() {
            return Types.STRING;
        }
    }

    record Grouped(KGroupedStream<Object, Object> grouped, Serde<Object> key, Serde<Object> value) implements Node {}

    record GroupedTable(KGroupedTable<Object, Object> grouped, Serde<Object> key, Serde<Object> value)
            implements Node {}

    record Windowed(TimeWindowedKStream<Object, Object> windowed, Serde<Object> key, Serde<Object> value, long sizeMs)
            implements Node {}

    record Sessions(SessionWindowedKStream<Object, Object> sessions, Serde<Object> key, Serde<Object> value)
            implements Node {}

    /** The value is what the aggregation gives. */
    record Cogrouped(CogroupedKStream<Object, Object> cogrouped, Serde<Object> key, Serde<Object> value)
            implements Node {}

    record WindowedCogrouped(
            TimeWindowedCogroupedKStream<Object, Object> windowed, Serde<Object> key, Serde<Object> value, long sizeMs)
            implements Node {}

    record SessionCogrouped(
            SessionWindowedCogroupedKStream<Object, Object> sessions, Serde<Object> key, Serde<Object> value)
            implements Node {}
}
