package millrace.peer;

import static millrace.peer.Types.STRING;
import static millrace.peer.Types.objects;

import com.fasterxml.jackson.databind.JsonNode;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Windowed;

/** {@code cogroup}, and {@code aggregate} of what it gives. */
final class Cogroups {
    private Cogroups() {}

    static Node cogroup(JsonNode step, Building building) {
        Aggregator<Object, Object, Object> aggregator = Functions.aggregator(step, "aggregation");
        if (!step.has("with")) {
            Node.Grouped node = building.read(step, "from", Node.Grouped.class);
            return new Node.Cogrouped(node.grouped().cogroup(aggregator), node.key(), STRING);
        }
        Node.Cogrouped node = building.read(step, "from", Node.Cogrouped.class);
        Node.Grouped other = building.read(step, "with", Node.Grouped.class);
        return new Node.Cogrouped(node.cogrouped().cogroup(other.grouped(), aggregator), node.key(), node.value());
    }

    static Node aggregate(JsonNode step, Node from) {
        Initializer<Object> first = Functions.initializer(step, "aggregation");
        Named named = Stores.named(step);
        JsonNode store = step.path("store");
        Serde<Object> key = from.key();
        if (from instanceof Node.Cogrouped node) {
            var how = Stores.keyValue(store, key, STRING);
            KTable<Object, Object> table =
                    named == null ? node.cogrouped().aggregate(first, how) : node.cogrouped().aggregate(first, named, how);
            return new Node.Table(table, key, STRING);
        }
        if (from instanceof Node.WindowedCogrouped node) {
            var how = Stores.window(store, key, STRING);
            KTable<Windowed<Object>, Object> table =
                    named == null ? node.windowed().aggregate(first, how) : node.windowed().aggregate(first, named, how);
            return new Node.Table(objects(table), Types.timeWindowed(key, node.sizeMs()), STRING);
        }
        if (from instanceof Node.SessionCogrouped node) {
            var merger = Functions.merger(step, "aggregation");
            var how = Stores.session(store, key, STRING);
            KTable<Windowed<Object>, Object> table = named == null
                    ? node.sessions().aggregate(first, merger, how)
                    : node.sessions().aggregate(first, merger, named, how);
            return new Node.Table(objects(table), Types.sessionWindowed(key), STRING);
        }
        throw new IllegalArgumentException("it needs a grouped, cogrouped or windowed stream");
    }
}
