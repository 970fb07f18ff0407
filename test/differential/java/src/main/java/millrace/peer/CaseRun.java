package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/** One run of a topology in Kafka Streams' own test driver, on bytes, from the wall clock time 0. */
final class CaseRun {
    private CaseRun() {}

    /** {@code commits}: {@code each} record by itself, or where the inputs {@code ask} for it, and at the end. */
    static JsonNode run(Topology topology, Properties properties, JsonNode inputs, String commits) throws IOException {
        Path state = Files.createTempDirectory("java-peer-");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        try (TopologyTestDriver driver = new TopologyTestDriver(topology, properties, Instant.EPOCH)) {
            Batches batches = commits.equals("asked") ? new Batches(driver) : null;
            for (int number = 0; number <= inputs.size(); number++) {
                try {
                    if (number == inputs.size() || inputs.get(number).has("commit")) {
                        if (batches != null) batches.commit();
                    } else if (batches == null) {
                        feed(driver, inputs.get(number));
                    } else {
                        feed(batches, inputs.get(number));
                    }
                } catch (RuntimeException error) {
                    throw new Failed(number, error);
                }
            }
            ObjectNode answer = Main.JSON.createObjectNode();
            JsonNode outputs = outputs(driver);
            answer.set("outputs", outputs);
            answer.set("stores", StoreContents.of(driver, asked(inputs, outputs)));
            return answer;
        } finally {
            delete(state);
        }
    }

    /** Carries the number of the input with which the topology failed. */
    static final class Failed extends RuntimeException {
        final int at;

        Failed(int at, RuntimeException cause) {
            super(cause);
            this.at = at;
        }
    }

    static void feed(TopologyTestDriver driver, JsonNode input) throws IOException {
        if (input.has("advanceWallClockMs")) {
            driver.advanceWallClockTime(Duration.ofMillis(input.get("advanceWallClockMs").asLong()));
            return;
        }
        RecordHeaders headers = headers(input);
        // The topic gives the time to a record without one, and lets it be negative, which a record of its own may not be.
        Instant time = Instant.ofEpochMilli(input.path("timestamp").asLong());
        driver.createInputTopic(
                        input.path("topic").asText(), new ByteArraySerializer(), new ByteArraySerializer(), time, Duration.ZERO)
                .pipeInput(new TestRecord<>(bytes(input.path("key")), bytes(input.path("value")), headers));
    }

    private static void feed(Batches batches, JsonNode input) throws IOException {
        if (input.has("advanceWallClockMs")) {
            batches.advanceWallClock(Duration.ofMillis(input.get("advanceWallClockMs").asLong()));
            return;
        }
        batches.pipe(
                input.path("topic").asText(), input.path("timestamp").asLong(),
                bytes(input.path("key")), bytes(input.path("value")), headers(input));
    }

    private static RecordHeaders headers(JsonNode input) throws IOException {
        RecordHeaders headers = new RecordHeaders();
        for (JsonNode header : input.path("headers")) headers.add(header.path(0).asText(), bytes(header.path(1)));
        return headers;
    }

    /** Every topic that was written to, changelogs and repartition topics included, by name. */
    private static JsonNode outputs(TopologyTestDriver driver) {
        ObjectNode outputs = Main.JSON.createObjectNode();
        for (String topic : new TreeSet<>(driver.producedTopicNames())) {
            ArrayNode records = outputs.putArray(topic);
            for (TestRecord<byte[], byte[]> record : driver.createOutputTopic(
                            topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
                    .readRecordsToList()) {
                ObjectNode json = records.addObject();
                json.put("key", record.key());
                json.put("value", record.value());
                json.put("timestamp", record.timestamp());
                ArrayNode headers = json.putArray("headers");
                for (Header header : record.headers()) headers.addArray().add(header.key()).add(header.value());
            }
        }
        return outputs;
    }

    /** Keys of a store's changelog, and of the inputs for one without; times of the inputs. */
    private static VersionedContents.Asked asked(JsonNode inputs, JsonNode outputs) {
        return new VersionedContents.Asked() {
            @Override
            public Set<Bytes> keys(String store) {
                Set<Bytes> keys = new TreeSet<>();
                try {
                    for (JsonNode records : List.of(outputs.path("app-" + store + "-changelog"), inputs)) {
                        for (JsonNode record : records) {
                            byte[] key = bytes(record.path("key"));
                            if (key != null) keys.add(Bytes.wrap(key));
                        }
                    }
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
                return keys;
            }

            @Override
            public Set<Long> times() {
                Set<Long> times = new TreeSet<>();
                for (JsonNode input : inputs) if (input.has("timestamp")) times.add(input.get("timestamp").asLong());
                return times;
            }
        };
    }

    private static byte[] bytes(JsonNode base64) throws IOException {
        return base64.isNull() || base64.isMissingNode() ? null : base64.binaryValue();
    }

    static void delete(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(directory)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) Files.deleteIfExists(file);
    }
}
