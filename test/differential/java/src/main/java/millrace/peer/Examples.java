package millrace.peer;

import org.apache.kafka.streams.StreamsBuilder;

/** The topologies of {@code examples/}, written in Java by hand: their names and what they describe must agree. */
final class Examples {
    private Examples() {}

    static void build(String name, StreamsBuilder builder) {
        switch (name) {
            default -> throw new IllegalArgumentException("no example is called \"" + name + "\"");
        }
    }
}
