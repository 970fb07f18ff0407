package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.StreamsBuilder;

/** What steps are carried out with: the builder, and what earlier steps have given. */
final class Building {
    final StreamsBuilder builder;
    final boolean persistent;
    private final Map<String, Node> nodes = new HashMap<>();

    Building(StreamsBuilder builder, boolean persistent) {
        this.builder = builder;
        this.persistent = persistent;
    }

    /** How the steps of one operator are carried out; what it gives is kept under the step's id. */
    interface Operator {
        Node carryOut(JsonNode step, Building building);
    }

    /** What the step named in a field has given. */
    Node read(JsonNode step, String field) {
        Node found = nodes.get(step.path(field).asText());
        if (found == null) throw new IllegalArgumentException("no step has the id " + step.path(field));
        return found;
    }

    /** The same, which has to be of a kind. */
    <N extends Node> N read(JsonNode step, String field, Class<N> kind) {
        Node found = read(step, field);
        if (kind.isInstance(found)) return kind.cast(found);
        throw new IllegalArgumentException(step.path(field) + " is no " + kind.getSimpleName());
    }

    void keep(JsonNode step, Node node) {
        if (nodes.put(step.path("id").asText(), node) != null) throw new IllegalArgumentException("its id is taken");
    }
}
