import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;

/**
 * Runs the join of a stream with itself, with topology.optimization=all, over records in no order: prints each input as
 * "in KEY VALUE TIMESTAMP" and what it gives as "out KEY VALUE TIMESTAMP". Needs kafka-streams-test-utils beside the others.
 */
public final class SelfJoin {
    public static void main(String[] args) {
        Random random = new Random(Long.parseLong(args[0]));
        Properties properties = new Properties();
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "none:9092");
        properties.put("topology.optimization", "all");
        StreamsBuilder builder = new StreamsBuilder();
        var text = Serdes.String();
        KStream<String, String> s = builder.stream("s", Consumed.with(text, text));
        JoinWindows windows = JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(10), Duration.ofMillis(5)).before(Duration.ofMillis(4));
        s.join(s, (x, y) -> x + y, windows, StreamJoined.with(text, text, text)).to("out", Produced.with(text, text));
        try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(properties), properties, Instant.ofEpochMilli(0))) {
            var input = driver.createInputTopic("s", new StringSerializer(), new StringSerializer());
            var output = driver.createOutputTopic("out", new StringDeserializer(), new StringDeserializer());
            long time = 20;
            for (int each = 0; each < 60; each++) {
                time = Math.max(0, time + random.nextInt(24) - 10);
                String key = "k" + random.nextInt(2);
                System.out.println("in " + key + " v" + each + " " + time);
                input.pipeInput(key, "v" + each, time);
                for (var record : output.readRecordsToList()) {
                    System.out.println("out " + record.key() + " " + record.value() + " " + record.timestamp());
                }
            }
        }
    }
}
