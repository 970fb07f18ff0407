package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.UnlimitedWindows;

/** {@code windowedBy} of a grouped or cogrouped stream, and the windows of joins. */
final class Windowing {
    private Windowing() {}

    static Node windowed(JsonNode step, Building building) {
        return building.read(step, "from") instanceof Node.Cogrouped cogrouped
                ? windowed(step, cogrouped)
                : windowed(step, building.read(step, "from", Node.Grouped.class));
    }

    private static Node windowed(JsonNode step, Node.Grouped node) {
        EmitStrategy emit =
                step.path("emit").asText().equals("on-close") ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate();
        return switch (step.path("kind").asText("time")) {
            case "time" ->
                new Node.Windowed(
                        node.grouped().windowedBy(time(step)).emitStrategy(emit), node.key(), node.value(), size(step));
            case "unlimited" ->
                new Node.Windowed(
                        node.grouped().windowedBy(unlimited(step)).emitStrategy(emit), node.key(), node.value(), Long.MAX_VALUE);
            case "sliding" ->
                new Node.Windowed(
                        node.grouped().windowedBy(sliding(step)).emitStrategy(emit), node.key(), node.value(), size(step));
            case "session" ->
                new Node.Sessions(
                        node.grouped().windowedBy(sessions(step)).emitStrategy(emit), node.key(), node.value());
            default -> throw new IllegalArgumentException("no such kind of windows");
        };
    }

    private static Node windowed(JsonNode step, Node.Cogrouped node) {
        return switch (step.path("kind").asText("time")) {
            case "time" ->
                new Node.WindowedCogrouped(
                        node.cogrouped().windowedBy(time(step)), node.key(), node.value(), size(step));
            case "unlimited" ->
                new Node.WindowedCogrouped(
                        node.cogrouped().windowedBy(unlimited(step)), node.key(), node.value(), Long.MAX_VALUE);
            case "sliding" ->
                new Node.WindowedCogrouped(
                        node.cogrouped().windowedBy(sliding(step)), node.key(), node.value(), size(step));
            case "session" ->
                new Node.SessionCogrouped(node.cogrouped().windowedBy(sessions(step)), node.key(), node.value());
            default -> throw new IllegalArgumentException("no such kind of windows");
        };
    }

    static JoinWindows join(JsonNode step) {
        Duration before = millis(step, "beforeMs");
        Duration after = millis(step, "afterMs");
        Duration longer = before.compareTo(after) > 0 ? before : after;
        return JoinWindows.ofTimeDifferenceAndGrace(longer, millis(step, "graceMs")).before(before).after(after);
    }

    private static TimeWindows time(JsonNode step) {
        TimeWindows windows = TimeWindows.ofSizeAndGrace(millis(step, "sizeMs"), millis(step, "graceMs"));
        return step.has("advanceMs") ? windows.advanceBy(millis(step, "advanceMs")) : windows;
    }

    private static UnlimitedWindows unlimited(JsonNode step) {
        return UnlimitedWindows.of().startOn(Instant.ofEpochMilli(size(step)));
    }

    private static SlidingWindows sliding(JsonNode step) {
        return SlidingWindows.ofTimeDifferenceAndGrace(millis(step, "sizeMs"), millis(step, "graceMs"));
    }

    private static SessionWindows sessions(JsonNode step) {
        return SessionWindows.ofInactivityGapAndGrace(millis(step, "sizeMs"), millis(step, "graceMs"));
    }

    private static long size(JsonNode step) {
        return step.path("sizeMs").asLong();
    }

    private static Duration millis(JsonNode step, String field) {
        return Duration.ofMillis(step.path(field).asLong());
    }
}
