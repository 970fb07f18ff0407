package millrace.peer;

import static millrace.peer.Catalogue.named;
import static millrace.peer.Catalogue.text;

import com.fasterxml.jackson.databind.JsonNode;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Merger;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Reducer;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.ValueJoinerWithKey;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;

/** The functions that a step names in one of its fields, as Kafka Streams takes them. */
final class Functions {
    private Functions() {}

    static Predicate<Object, Object> predicate(JsonNode step) {
        var predicate = named("predicate", Catalogue.PREDICATES, step.path("predicate").asText());
        return (key, value) -> predicate.apply(text(key), text(value));
    }

    static ValueMapperWithKey<Object, Object, Object> valueMapper(JsonNode step) {
        var mapper = named("valueMapper", Catalogue.VALUE_MAPPERS, step.path("mapper").asText());
        return (key, value) -> mapper.apply(text(key), text(value));
    }

    static KeyValueMapper<Object, Object, KeyValue<Object, Object>> pairMapper(JsonNode step) {
        var mapper = named("pairMapper", Catalogue.PAIR_MAPPERS, step.path("mapper").asText());
        return (key, value) -> {
            KeyValue<String, String> pair = mapper.apply(text(key), text(value));
            return KeyValue.pair(pair.key, pair.value);
        };
    }

    static KeyValueMapper<Object, Object, Object> selector(JsonNode step) {
        var selector = named("keySelector", Catalogue.KEY_SELECTORS, step.path("selector").asText());
        return (key, value) -> selector.apply(text(key), text(value));
    }

    static ValueJoinerWithKey<Object, Object, Object, Object> joiner(JsonNode step) {
        var joiner = named("joiner", Catalogue.JOINERS, step.path("joiner").asText());
        return (key, value, other) -> joiner.apply(text(key), text(value), text(other));
    }

    /** Java's joiners of tables see no key. */
    static ValueJoiner<Object, Object, Object> tableJoiner(JsonNode step) {
        var joiner = named("joiner", Catalogue.JOINERS, step.path("joiner").asText());
        return (value, other) -> joiner.apply("k", text(value), text(other));
    }

    static Reducer<Object> reducer(JsonNode step, String field) {
        var reducer = named("reducer", Catalogue.REDUCERS, step.path(field).asText());
        return (aggregate, value) -> reducer.apply(text(aggregate), text(value));
    }

    static Initializer<Object> initializer(JsonNode step, String field) {
        var initializer = aggregation(step, field).initializer();
        return initializer::get;
    }

    static Aggregator<Object, Object, Object> aggregator(JsonNode step, String field) {
        var aggregator = aggregation(step, field).aggregator();
        return (key, value, aggregate) -> aggregator.apply(text(key), text(value), text(aggregate));
    }

    static Merger<Object, Object> merger(JsonNode step, String field) {
        var merger = aggregation(step, field).merger();
        return (key, one, other) -> merger.apply(text(key), text(one), text(other));
    }

    private static Catalogue.Aggregation aggregation(JsonNode step, String field) {
        return named("aggregation", Catalogue.AGGREGATIONS, step.path(field).asText());
    }
}
