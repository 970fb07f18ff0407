import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.AggregationWithHeaders;
import org.apache.kafka.streams.state.SessionStoreWithHeaders;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStoreWithHeaders;
import org.apache.kafka.streams.state.TimestampedWindowStoreWithHeaders;
import org.apache.kafka.streams.state.ValueTimestampHeaders;
import org.apache.kafka.streams.test.TestRecord;

/**
 * Runs a processor with the three stores that keep headers over random puts and deletions, in which it swaps what it has for what
 * comes: prints each input as "in KEY VALUE TIMESTAMP HEADERS" and what it gives as "TOPIC KEY VALUE TIMESTAMP HEADERS", keys of
 * changelogs in hex. Needs kafka-streams-test-utils beside the others.
 */
public final class HeaderStores {
    public static void main(String[] args) {
        Random random = new Random(Long.parseLong(args[0]));
        Properties properties = new Properties();
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "none:9092");
        StreamsBuilder builder = new StreamsBuilder();
        var text = Serdes.String();
        builder.addStateStore(Stores.timestampedKeyValueStoreWithHeadersBuilder(
            Stores.persistentTimestampedKeyValueStoreWithHeaders("keys"), text, text));
        builder.addStateStore(Stores.timestampedWindowStoreWithHeadersBuilder(
            Stores.persistentTimestampedWindowStoreWithHeaders("windows", Duration.ofMinutes(5), Duration.ofMillis(100), false), text, text));
        builder.addStateStore(Stores.sessionStoreWithHeadersBuilder(
            Stores.persistentSessionStoreWithHeaders("sessions", Duration.ofMinutes(5)), text, text));
        builder.stream("in", Consumed.with(text, text)).process(Swapper::new, "keys", "windows", "sessions").to("out", Produced.with(text, text));
        try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), properties, Instant.ofEpochMilli(0))) {
            var input = driver.createInputTopic("in", new StringSerializer(), new StringSerializer());
            long time = 20;
            for (int each = 0; each < 60; each++) {
                time = Math.max(0, time + random.nextInt(24) - 10);
                String value = random.nextInt(4) == 0 ? null : "v" + each;
                RecordHeaders headers = new RecordHeaders();
                for (int one = random.nextInt(3); one > 0; one--) {
                    headers.add("h" + random.nextInt(2), random.nextInt(4) == 0 ? null : ("t" + each).getBytes());
                }
                String key = "k" + random.nextInt(3);
                System.out.println("in " + key + " " + value + " " + time + " " + shown(headers));
                input.pipeInput(new TestRecord<>(key, value, headers, time));
                for (String name : new String[] {"keys", "windows", "sessions"}) {
                    var output = driver.createOutputTopic("app-" + name + "-changelog", new ByteArrayDeserializer(), new StringDeserializer());
                    for (var record : output.readRecordsToList()) {
                        String hex = java.util.HexFormat.of().formatHex(record.key());
                        System.out.println(name + " " + hex + " " + record.value() + " " + record.timestamp() + " " + shown(record.headers()));
                    }
                }
                var output = driver.createOutputTopic("out", new StringDeserializer(), new StringDeserializer());
                for (var record : output.readRecordsToList()) {
                    System.out.println("out " + record.key() + " " + record.value() + " " + record.timestamp() + " " + shown(record.headers()));
                }
            }
        }
    }

    private static String shown(Headers headers) {
        StringBuilder text = new StringBuilder("[");
        for (Header header : headers) {
            text.append(header.key()).append('=').append(header.value() == null ? "null" : new String(header.value())).append(';');
        }
        return text.append(']').toString();
    }

    private static final class Swapper implements Processor<String, String, String, String> {
        private ProcessorContext<String, String> context;
        private TimestampedKeyValueStoreWithHeaders<String, String> keys;
        private TimestampedWindowStoreWithHeaders<String, String> windows;
        private SessionStoreWithHeaders<String, String> sessions;

        @Override
        public void init(ProcessorContext<String, String> given) {
            context = given;
            keys = given.getStateStore("keys");
            windows = given.getStateStore("windows");
            sessions = given.getStateStore("sessions");
        }

        @Override
        public void process(Record<String, String> record) {
            String key = record.key();
            long start = record.timestamp() / 100 * 100;
            Windowed<String> session = new Windowed<>(key, new SessionWindow(start, start + 5));
            var byKey = keys.get(key);
            var byWindow = windows.fetch(key, start);
            var bySession = sessions.fetchSession(key, start, start + 5);
            String found = (byKey == null ? "null" : byKey.value() + "@" + byKey.timestamp() + shown(byKey.headers())) + ","
                + (byWindow == null ? "null" : byWindow.value() + "@" + byWindow.timestamp() + shown(byWindow.headers())) + ","
                + (bySession == null ? "null" : bySession.aggregation() + shown(bySession.headers()));
            String value = record.value();
            Headers headers = new RecordHeaders(record.headers()).add("own", key.getBytes());
            keys.put(key, value == null ? null : ValueTimestampHeaders.make(value, record.timestamp() + 1000, headers));
            windows.put(key, value == null ? null : ValueTimestampHeaders.make(value, record.timestamp() + 1, headers), start);
            sessions.put(session, value == null ? null : AggregationWithHeaders.make(value, headers));
            context.forward(record.withValue(found));
        }
    }
}
