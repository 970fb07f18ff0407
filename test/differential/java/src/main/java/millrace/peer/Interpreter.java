package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.StreamsBuilder;

/** Builds the topology that the steps of a spec describe, step for step in their order: the order decides names. */
final class Interpreter {
    private static final Map<String, Building.Operator> OPERATORS = new HashMap<>();

    static {
        for (var group : List.of(
                Sources.OPERATORS, Streams.OPERATORS, Aggregations.OPERATORS, Joins.OPERATORS, Tables.OPERATORS,
                Processors.OPERATORS)) {
            OPERATORS.putAll(group);
        }
    }

    private Interpreter() {}

    /** {@code persistent}: what stores are of that do not say so themselves. */
    static void build(JsonNode steps, StreamsBuilder builder, boolean persistent) {
        Building building = new Building(builder, persistent);
        for (JsonNode step : steps) {
            Building.Operator operator = OPERATORS.get(step.path("op").asText());
            try {
                if (operator == null) throw new IllegalArgumentException("no such operator");
                Node node = operator.carryOut(step, building);
                if (node != null) building.keep(step, node);
            } catch (RuntimeException error) {
                throw new IllegalArgumentException("step " + step + ": " + error.getMessage(), error);
            }
        }
    }
}
