import java.time.Instant;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Runs two stores of the three keys that were used last, the one of a processor and the one of a table that a stream is joined
 * with, over random puts, deletions and reads: prints each input as "in TOPIC KEY VALUE TIMESTAMP" and what it gives as "TOPIC
 * KEY VALUE TIMESTAMP". Needs kafka-streams-test-utils beside the others.
 */
public final class LruMaps {
    private static final String[] NO_VALUE_NEEDED = {"get", "delete", "all"};

    public static void main(String[] args) {
        Random random = new Random(Long.parseLong(args[0]));
        Properties properties = new Properties();
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "none:9092");
        StreamsBuilder builder = new StreamsBuilder();
        var text = Serdes.String();
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.lruMap("used", 3), text, text));
        builder.stream("uses", Consumed.with(text, text)).process(User::new, "used").to("found", Produced.with(text, text));
        var table = builder.table("rows", Consumed.with(text, text),
            Materialized.<String, String>as(Stores.lruMap("kept", 3)).withKeySerde(text).withValueSerde(text).withCachingDisabled());
        table.toStream().to("changes", Produced.with(text, text));
        builder.stream("looks", Consumed.with(text, text))
            .leftJoin(table, (look, row) -> look + row, Joined.with(text, text, text)).to("found", Produced.with(text, text));
        try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), properties, Instant.ofEpochMilli(0))) {
            long time = 20;
            for (int each = 0; each < 240; each++) {
                time = Math.max(0, time + random.nextInt(24) - 10);
                String key = "k" + random.nextInt(6);
                int what = random.nextInt(10);
                String topic = each < 120 ? "uses" : what < 4 ? "looks" : "rows";
                String value = each < 120
                    ? what < 5 ? "v" + each : what == 5 ? "absent" + each : NO_VALUE_NEEDED[what % 3]
                    : what == 9 ? null : "v" + each;
                System.out.println("in " + topic + " " + key + " " + value + " " + time);
                driver.createInputTopic(topic, new StringSerializer(), new StringSerializer()).pipeInput(key, value, time);
                for (String name : new String[] {"app-used-changelog", "app-kept-changelog", "changes", "found"}) {
                    var output = driver.createOutputTopic(name, new StringDeserializer(), new StringDeserializer());
                    for (var record : output.readRecordsToList()) {
                        System.out.println(name.replace("app-", "") + " " + record.key() + " " + record.value() + " " + record.timestamp());
                    }
                }
            }
        }
    }

    /** Does what a value says: a name of an operation, or the value to put. */
    private static final class User implements Processor<String, String, String, String> {
        private ProcessorContext<String, String> context;
        private KeyValueStore<String, String> store;

        @Override
        public void init(ProcessorContext<String, String> given) {
            context = given;
            store = given.getStateStore("used");
        }

        @Override
        public void process(Record<String, String> record) {
            String key = record.key();
            String found;
            if (record.value().equals("get")) found = store.get(key);
            else if (record.value().equals("delete")) found = store.delete(key);
            else if (record.value().startsWith("absent")) found = store.putIfAbsent(key, record.value());
            else if (record.value().equals("all")) found = all();
            else {
                store.put(key, record.value());
                return;
            }
            context.forward(record.withValue(String.valueOf(found)));
        }

        private String all() {
            StringBuilder found = new StringBuilder();
            try (var entries = store.all()) {
                while (entries.hasNext()) {
                    KeyValue<String, String> entry = entries.next();
                    found.append(entry.key).append('=').append(entry.value).append(';');
                }
            }
            return found.toString();
        }
    }
}
