import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.*;

/** The topologies of examples/*.ts as a Java developer writes them, and what Kafka Streams prints for each. */
public final class DescribeExamples {
    private static final Serde<String> TEXT = Serdes.String();
    private static final Consumed<String, String> TEXTS = Consumed.with(TEXT, TEXT);
    private static final TimeWindows MINUTES = TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(10));

    private static final Map<String, Consumer<StreamsBuilder>> EXAMPLES = new TreeMap<>();

    static {
        EXAMPLES.put("01-word-count", builder -> builder
            .stream("lines", TEXTS)
            .flatMapValues(line -> Arrays.asList(line.toLowerCase().split("\\W+")))
            .groupBy((key, word) -> word, Grouped.with(TEXT, TEXT))
            .count(Materialized.as("counts"))
            .toStream()
            .to("word-counts", Produced.with(TEXT, Serdes.Long())));
        EXAMPLES.put("02-enrich-orders", builder -> {
            KTable<String, String> customers = builder.table("customers", TEXTS);
            builder
                .stream("orders", TEXTS)
                .selectKey((orderId, order) -> order)
                .join(customers, (order, customer) -> order + customer, Joined.with(TEXT, TEXT, TEXT))
                .to("enriched-orders", Produced.with(TEXT, TEXT));
        });
        EXAMPLES.put("03-page-views-per-minute", builder -> builder
            .stream("page-views", TEXTS)
            .groupBy((user, page) -> page, Grouped.with(TEXT, TEXT))
            .windowedBy(MINUTES)
            .count(Materialized.as("views-per-minute"))
            .toStream()
            .to("page-views-per-minute", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 60_000), Serdes.Long())));
        EXAMPLES.put("demo", builder -> {
            Serde<Windowed<String>> windowed = WindowedSerdes.timeWindowedSerdeFrom(String.class, 60_000);
            KTable<String, String> customers = builder.table("customers", TEXTS, Materialized.as("customers"));
            builder
                .stream("orders", TEXTS)
                .selectKey((orderId, order) -> order)
                .join(customers, (order, customer) -> order + customer, Joined.with(TEXT, TEXT, TEXT))
                .groupBy((customerId, order) -> order, Grouped.with(TEXT, TEXT))
                .windowedBy(MINUTES)
                .aggregate(() -> "", (country, order, sales) -> sales + order, Materialized.as("sales-per-minute"))
                .toStream()
                .to("sales-per-minute", Produced.with(windowed, TEXT));
            builder
                .stream("payments", TEXTS)
                .groupBy((paymentId, payment) -> payment, Grouped.with(TEXT, TEXT))
                .windowedBy(MINUTES)
                .count(Materialized.as("payments-per-minute"))
                .toStream()
                .to("payments-per-minute", Produced.with(windowed, Serdes.Long()));
        });
    }

    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[0]);
        for (Map.Entry<String, Consumer<StreamsBuilder>> example : EXAMPLES.entrySet()) {
            StreamsBuilder builder = new StreamsBuilder();
            example.getValue().accept(builder);
            String text = builder.build().describe().toString();
            Files.write(directory.resolve(example.getKey() + ".txt"), text.getBytes(StandardCharsets.UTF_8));
        }
    }
}
