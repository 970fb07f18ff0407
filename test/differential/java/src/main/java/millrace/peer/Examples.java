package millrace.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** The topologies of {@code examples/}, written in Java by hand: names, descriptions and results must agree. */
final class Examples {
    private static final Serde<String> STRING = Serdes.String();
    private static final Serde<Long> LONG = Serdes.Long();
    private static final Pattern WORD = Pattern.compile("\\p{L}+");

    private Examples() {}

    static void build(String name, StreamsBuilder builder) {
        switch (name) {
            case "word-count" -> wordCount(builder);
            case "enrich-orders" -> enrichOrders(builder);
            case "page-views-per-minute" -> pageViewsPerMinute(builder);
            default -> throw new IllegalArgumentException("no example is called \"" + name + "\"");
        }
    }

    private static void wordCount(StreamsBuilder builder) {
        builder.stream("lines", Consumed.with(STRING, STRING))
                .flatMapValues(line -> words(line.toLowerCase(Locale.ROOT)))
                .groupBy((key, word) -> word, Grouped.with(STRING, STRING))
                .count(Materialized.as("counts"))
                .toStream()
                .to("word-counts", Produced.with(STRING, LONG));
    }

    private static void enrichOrders(StreamsBuilder builder) {
        KTable<String, String> customers = builder.table("customers", Consumed.with(STRING, STRING));
        builder.stream("orders", Consumed.with(STRING, STRING))
                .selectKey((orderId, order) -> json(order).get("customerId").asText())
                .join(customers, Examples::enriched, Joined.with(STRING, STRING, STRING))
                .to("enriched-orders", Produced.with(STRING, STRING));
    }

    private static void pageViewsPerMinute(StreamsBuilder builder) {
        Duration minute = Duration.ofMinutes(1);
        builder.stream("page-views", Consumed.with(STRING, STRING))
                .groupBy((user, page) -> page, Grouped.with(STRING, STRING))
                .windowedBy(TimeWindows.ofSizeAndGrace(minute, Duration.ofSeconds(10)))
                .count(Materialized.as("views-per-minute"))
                .toStream()
                .to(
                        "page-views-per-minute",
                        Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, minute.toMillis()), LONG));
    }

    private static List<String> words(String line) {
        return WORD.matcher(line).results().map(MatchResult::group).toList();
    }

    private static String enriched(String order, String customer) {
        ObjectNode enriched = Main.JSON.createObjectNode();
        for (String field : List.of("item", "price")) enriched.set(field, json(order).get(field));
        for (String field : List.of("name", "country")) enriched.set(field, json(customer).get(field));
        return enriched.toString();
    }

    private static JsonNode json(String text) {
        try {
            return Main.JSON.readTree(text);
        } catch (JsonProcessingException error) {
            throw new IllegalArgumentException(error);
        }
    }
}
