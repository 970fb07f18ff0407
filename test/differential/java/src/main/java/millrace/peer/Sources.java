package millrace.peer;

import static millrace.peer.Types.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.processor.FailOnInvalidTimestamp;
import org.apache.kafka.streams.processor.LogAndSkipOnInvalidTimestamp;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.UsePartitionTimeOnInvalidTimestamp;

/** Steps with which a topology begins. */
final class Sources {
    static final Map<String, Building.Operator> OPERATORS =
            Map.of("stream", Sources::stream, "table", Sources::table, "globalTable", Sources::globalTable);

    private Sources() {}

    private static Node stream(JsonNode step, Building building) {
        KStream<Object, Object> stream = step.has("pattern")
                ? building.builder.stream(Pattern.compile(step.get("pattern").asText()), consumed(step))
                : building.builder.stream(strings(step.path("topics")), consumed(step));
        return new Node.Stream(stream, STRING, STRING);
    }

    private static Node table(JsonNode step, Building building) {
        String topic = step.path("topic").asText();
        KTable<Object, Object> table = step.has("store")
                ? building.builder.table(topic, consumed(step), Stores.keyValue(step.get("store"), STRING, STRING))
                : building.builder.table(topic, consumed(step));
        return new Node.Table(table, STRING, STRING);
    }

    private static Node globalTable(JsonNode step, Building building) {
        String topic = step.path("topic").asText();
        GlobalKTable<Object, Object> table = step.has("store")
                ? building.builder.globalTable(topic, consumed(step), Stores.keyValue(step.get("store"), STRING, STRING))
                : building.builder.globalTable(topic, consumed(step));
        return new Node.Global(table, STRING, STRING);
    }

    private static Consumed<Object, Object> consumed(JsonNode step) {
        Consumed<Object, Object> consumed = Consumed.with(STRING, STRING);
        if (step.has("name")) consumed = consumed.withName(step.get("name").asText());
        if (step.has("offsetReset")) consumed = consumed.withOffsetResetPolicy(AutoOffsetReset.earliest());
        if (step.has("badTimestamp")) consumed = consumed.withTimestampExtractor(policy(step.get("badTimestamp").asText()));
        if (!step.has("extractor")) return consumed;
        var extractor = Catalogue.named("extractor", Catalogue.EXTRACTORS, step.get("extractor").asText());
        return consumed.withTimestampExtractor((record, partitionTime) ->
                extractor.apply(Catalogue.text(record.value()), record.timestamp(), partitionTime));
    }

    /** Kafka Streams has an extractor for each policy. */
    private static TimestampExtractor policy(String badTimestamp) {
        return switch (badTimestamp) {
            case "fail" -> new FailOnInvalidTimestamp();
            case "skip" -> new LogAndSkipOnInvalidTimestamp();
            case "partition-time" -> new UsePartitionTimeOnInvalidTimestamp();
            default -> throw new IllegalArgumentException("no such policy: " + badTimestamp);
        };
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        for (JsonNode item : array) strings.add(item.asText());
        return strings;
    }
}
