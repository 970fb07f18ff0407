package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;

/** The commands. Their JSON is described in test/differential/README.md. */
final class Commands {
    private Commands() {}

    static JsonNode version() throws IOException {
        ObjectNode answer = Main.JSON.createObjectNode();
        Properties kafka = new Properties();
        try (InputStream file = StreamsConfig.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            kafka.load(file);
        }
        answer.put("kafka", kafka.getProperty("version"));
        answer.put("java", System.getProperty("java.version"));
        return answer;
    }

    static JsonNode describe(JsonNode command) {
        ObjectNode answer = Main.JSON.createObjectNode();
        answer.put("describe", topology(command, properties(command.path("options"))).describe().toString());
        return answer;
    }

    static JsonNode run(JsonNode command) throws Exception {
        Properties properties = properties(command.path("options"));
        return CaseRun.run(topology(command, properties), properties, command.path("inputs"), command.path("options").path("commits").asText("each"));
    }

    static JsonNode metrics(JsonNode command) throws Exception {
        Properties properties = properties(command.path("options"));
        return MetricNames.of(topology(command, properties), properties, command.path("inputs"));
    }

    static JsonNode call(JsonNode command) {
        return Catalogue.call(command.path("kind").asText(), command.path("name").asText(), command.path("arguments"));
    }

    /** A topology by its steps, or one of the examples by its name. */
    private static Topology topology(JsonNode command, Properties properties) {
        StreamsBuilder builder = new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties)));
        JsonNode topology = command.path("topology");
        if (topology.isTextual()) {
            Examples.build(topology.asText(), builder);
        } else {
            Interpreter.build(topology, builder, persistent(command.path("options")));
        }
        return builder.build(properties);
    }

    private static Properties properties(JsonNode options) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "app");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:9092");
        boolean caching = options.path("caching").asBoolean(false);
        if (!caching) properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
        properties.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, options.path("optimization").asText(StreamsConfig.NO_OPTIMIZATION));
        properties.put(
                TopologyConfig.InternalConfig.ENABLE_PROCESS_PROCESSVALUE_FIX,
                options.path("repartitionAfterProcess").asBoolean(false));
        if (options.has("emitIntervalMs")) {
            long interval = options.get("emitIntervalMs").asLong();
            properties.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, interval);
            properties.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, interval);
        }
        properties.put(
                StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
                "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$"
                        + (persistent(options) ? "RocksDBDslStoreSuppliers" : "InMemoryDslStoreSuppliers"));
        return properties;
    }

    private static boolean persistent(JsonNode options) {
        return options.path("stores").asText("memory").equals("persistent");
    }
}
