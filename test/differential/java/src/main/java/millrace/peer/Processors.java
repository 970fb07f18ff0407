package millrace.peer;

import static millrace.peer.Catalogue.text;
import static millrace.peer.Types.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/** Stores of the user's own, and user code on them. */
final class Processors {
    static final Map<String, Building.Operator> OPERATORS = Map.of(
            "addStore", Processors::addStore,
            "addGlobalStore", Processors::addGlobalStore,
            "process", Processors::process,
            "processValues", Processors::processValues);

    private Processors() {}

    private static Node addStore(JsonNode step, Building building) {
        StoreBuilder<?> store = OwnStores.builder(step.path("store"), building.persistent);
        building.builder.addStateStore(store);
        return new Node.Store(store.name());
    }

    private static Node addGlobalStore(JsonNode step, Building building) {
        JsonNode store = step.path("store");
        StoreBuilder<KeyValueStore<String, String>> builder = org.apache.kafka.streams.state.Stores.keyValueStoreBuilder(
                OwnStores.keyValue(store, building.persistent), Serdes.String(), Serdes.String());
        String name = builder.name();
        ProcessorSupplier<String, String, Void, Void> keeper = () -> new Processor<>() {
            private KeyValueStore<String, String> kept;

            @Override
            public void init(ProcessorContext<Void, Void> context) {
                kept = context.getStateStore(name);
            }

            @Override
            public void process(Record<String, String> record) {
                if (record.key() == null) return;
                kept.put(record.key(), record.value() == null ? null : Catalogue.VALUE_MAPPERS.get("upper").apply("", record.value()));
            }
        };
        building.builder.addGlobalStore(
                builder.withLoggingDisabled(), step.path("topic").asText(), Consumed.with(Serdes.String(), Serdes.String()), keeper);
        return new Node.Store(name);
    }

    private static Node process(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        String store = store(step, building);
        String kind = step.path("processor").asText();
        ProcessorSupplier<Object, Object, Object, Object> supplier = () -> new Processor<>() {
            private ProcessorContext<Object, Object> context;
            private Work.Run run;

            @Override
            public void init(ProcessorContext<Object, Object> given) {
                context = given;
                run = Work.of(kind).start(
                        context, store, (key, value, time) -> context.forward(new Record<>(key, value, time, new RecordHeaders())));
            }

            @Override
            public void process(Record<Object, Object> record) {
                run.process(
                        record.key(), record.value(), record.timestamp(), record.headers(),
                        (value, time, headers) -> context.forward(new Record<>(text(record.key()), value, time, headers)));
            }
        };
        String[] stores = step.has("store") ? new String[] {store} : new String[0];
        Named named = Stores.named(step);
        KStream<Object, Object> made =
                named == null ? node.stream().process(supplier, stores) : node.stream().process(supplier, named, stores);
        return new Node.Stream(made, STRING, STRING);
    }

    private static Node processValues(JsonNode step, Building building) {
        Node.Stream node = building.read(step, "from", Node.Stream.class);
        String store = store(step, building);
        String kind = step.path("processor").asText();
        FixedKeyProcessorSupplier<Object, Object, Object> supplier = () -> new FixedKeyProcessor<>() {
            private FixedKeyProcessorContext<Object, Object> context;
            private Work.Run run;

            @Override
            public void init(FixedKeyProcessorContext<Object, Object> given) {
                context = given;
                run = Work.of(kind).start(context, store, (key, value, time) -> {
                    throw new IllegalStateException("a punctuation has no key to keep");
                });
            }

            @Override
            public void process(FixedKeyRecord<Object, Object> record) {
                run.process(
                        record.key(), record.value(), record.timestamp(), record.headers(),
                        (value, time, headers) -> context.forward(
                                record.withValue((Object) value).withTimestamp(time).withHeaders(headers)));
            }
        };
        String[] stores = step.has("store") ? new String[] {store} : new String[0];
        Named named = Stores.named(step);
        return Streams.newValues(
                node,
                named == null
                        ? node.stream().processValues(supplier, stores)
                        : node.stream().processValues(supplier, named, stores));
    }

    private static String store(JsonNode step, Building building) {
        return step.has("store") ? building.read(step, "store", Node.Store.class).name() : step.path("lookUp").asText();
    }
}
