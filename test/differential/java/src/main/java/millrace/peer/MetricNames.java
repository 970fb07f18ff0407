package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;

/**
 * The metrics that Kafka Streams registers for a topology. Tasks come from the test driver, which has run the inputs;
 * client and threads from an application that is made, and not started, so that no broker is needed.
 */
final class MetricNames {
    private MetricNames() {}

    static JsonNode of(Topology topology, Properties properties, JsonNode inputs) throws Exception {
        Path state = Files.createTempDirectory("java-peer-");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        properties.put(StreamsConfig.METRICS_RECORDING_LEVEL_CONFIG, "TRACE");
        ObjectNode answer = Main.JSON.createObjectNode();
        try {
            try (TopologyTestDriver driver = new TopologyTestDriver(topology, properties, Instant.EPOCH)) {
                for (JsonNode input : inputs) CaseRun.feed(driver, input);
                answer.set("tasks", shown(driver.metrics(), registryOf(driver)));
            }
            // An address, so that no name has to be resolved. Nothing is sent to it.
            properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:9");
            try (KafkaStreams streams = new KafkaStreams(topology, properties)) {
                answer.set("client", shown(streams.metrics(), registryOf(streams)));
            }
        } finally {
            CaseRun.delete(state);
        }
        return answer;
    }

    private static JsonNode shown(Map<MetricName, ? extends Metric> metrics, Metrics registry) throws Exception {
        Map<MetricName, String> levels = levels(registry);
        ArrayNode shown = Main.JSON.createArrayNode();
        for (Map.Entry<MetricName, ? extends Metric> entry : metrics.entrySet()) {
            MetricName name = entry.getKey();
            if (!name.group().startsWith("stream-")) continue;
            ObjectNode one = shown.addObject();
            one.put("group", name.group());
            one.put("name", name.name());
            one.put("description", name.description());
            String level = levels.get(name);
            if (level == null && entry.getValue() instanceof KafkaMetric metric) {
                level = metric.config().recordLevel().name();
                // That of the application: the gauge has none of its own, and is always there.
                if (level.equals("TRACE")) level = "INFO";
            }
            one.put("level", level);
            Object value = entry.getValue().metricValue();
            if (value instanceof Number number) one.put("value", number.doubleValue());
            else one.put("value", String.valueOf(value));
            ObjectNode tags = one.putObject("tags");
            name.tags().forEach(tags::put);
        }
        return shown;
    }

    /** The recording levels are in the sensors only, which are private. */
    private static Map<MetricName, String> levels(Metrics registry) throws Exception {
        Map<MetricName, String> levels = new HashMap<>();
        for (Object sensor : ((Map<?, ?>) field(registry, "sensors")).values()) {
            Sensor.RecordingLevel level = (Sensor.RecordingLevel) field(sensor, "recordingLevel");
            for (Object name : ((Map<?, ?>) field(sensor, "metrics")).keySet()) levels.put((MetricName) name, level.name());
        }
        return levels;
    }

    private static Metrics registryOf(Object owner) throws Exception {
        return (Metrics) field(owner, "metrics");
    }

    private static Object field(Object owner, String name) throws Exception {
        Field field = null;
        for (Class<?> type = owner.getClass(); field == null; type = type.getSuperclass()) {
            for (Field declared : type.getDeclaredFields()) if (declared.getName().equals(name)) field = declared;
        }
        field.setAccessible(true);
        return field.get(owner);
    }
}
