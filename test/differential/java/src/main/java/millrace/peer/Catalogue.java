package millrace.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;

/**
 * The functions that a topology spec names. {@code ../catalogue.ts} has the same ones, and a test compares the two over
 * random arguments. All see keys and values as text, see {@link #text}.
 */
final class Catalogue {
    private Catalogue() {}

    /** A reducer or aggregator may delete its key: by giving null. */
    record Aggregation(Supplier<String> initializer, Aggregator aggregator, Aggregator merger) {}

    interface Aggregator {
        String apply(String key, String value, String aggregate);
    }

    interface Joiner {
        String apply(String key, String value, String tableValue);
    }

    /**
     * A string is itself, null is {@code ~}, a long its decimal digits, a windowed key {@code key@start/end}. So that every
     * function takes every record.
     */
    static String text(Object value) {
        if (value == null) return "~";
        if (value instanceof Windowed<?> windowed) {
            return text(windowed.key()) + "@" + windowed.window().start() + "/" + windowed.window().end();
        }
        return value.toString();
    }

    static final Map<String, BiFunction<String, String, Boolean>> PREDICATES = Map.of(
            "always", (key, value) -> true,
            "never", (key, value) -> false,
            "valueLengthEven", (key, value) -> value.length() % 2 == 0,
            "valueThere", (key, value) -> !value.equals("~"),
            "valueHasA", (key, value) -> value.indexOf('a') >= 0,
            "keyBeforeM", (key, value) -> key.compareTo("m") < 0,
            "keyLengthOdd", (key, value) -> key.length() % 2 == 1);

    static final Map<String, BiFunction<String, String, KeyValue<String, String>>> PAIR_MAPPERS = Map.of(
            "swap", (key, value) -> KeyValue.pair(value, key),
            "prefixKey", (key, value) -> KeyValue.pair("p" + key, value),
            "lengthAsKey", (key, value) -> KeyValue.pair(String.valueOf(value.length()), value),
            "nullKeyIfEven", (key, value) -> KeyValue.pair(value.length() % 2 == 0 ? null : key, value));

    static final Map<String, BiFunction<String, String, String>> VALUE_MAPPERS = Map.of(
            "same", (key, value) -> value,
            "upper", (key, value) -> asciiUpper(value),
            "length", (key, value) -> String.valueOf(value.length()),
            "withKey", (key, value) -> key + "=" + value,
            "shorten", (key, value) -> value.substring(0, Math.min(2, value.length())),
            "nullIfEven", (key, value) -> value.length() % 2 == 0 ? null : value);

    static final Map<String, BiFunction<String, String, List<KeyValue<String, String>>>> FLAT_PAIR_MAPPERS = Map.of(
            "none", (key, value) -> List.of(),
            "twice", (key, value) -> List.of(KeyValue.pair(key, value), KeyValue.pair(key + "2", value)),
            "words", (key, value) -> words(value).stream().map(word -> KeyValue.pair(word, key)).toList());

    static final Map<String, BiFunction<String, String, List<String>>> FLAT_VALUE_MAPPERS = Map.of(
            "none", (key, value) -> List.of(),
            "twice", (key, value) -> List.of(value, value + "2"),
            "words", (key, value) -> words(value));

    static final Map<String, BiFunction<String, String, String>> KEY_SELECTORS = Map.of(
            "same", (key, value) -> key,
            "value", (key, value) -> value,
            "firstChar", (key, value) -> value.substring(0, Math.min(1, value.length())),
            "lengthOfValue", (key, value) -> String.valueOf(value.length()),
            "keyOrNull", (key, value) -> value.length() % 2 == 0 ? null : key);

    static final Map<String, BiFunction<String, String, String>> REDUCERS = Map.of(
            "concat", (aggregate, value) -> last(aggregate + "|" + value),
            "first", (aggregate, value) -> aggregate,
            "last", (aggregate, value) -> value,
            "max", (aggregate, value) -> aggregate.compareTo(value) >= 0 ? aggregate : value,
            "concatOrClear", (aggregate, value) -> value.startsWith("x") ? null : last(aggregate + "|" + value));

    static final Map<String, Aggregation> AGGREGATIONS = Map.of(
            "join",
                    new Aggregation(
                            () -> "",
                            (key, value, aggregate) -> last(aggregate + "," + value),
                            (key, one, other) -> last(one + "&" + other)),
            "countText",
                    new Aggregation(
                            () -> "0",
                            (key, value, aggregate) -> String.valueOf(Long.parseLong(aggregate) + 1),
                            (key, one, other) -> String.valueOf(Long.parseLong(one) + Long.parseLong(other))),
            "keyAndLast",
                    new Aggregation(
                            () -> "-", (key, value, aggregate) -> key + ":" + value, (key, one, other) -> other),
            "joinOrClear",
                    new Aggregation(
                            () -> "",
                            (key, value, aggregate) -> value.startsWith("x") ? null : last(aggregate + "," + value),
                            (key, one, other) -> last(one + "&" + other)));

    static final Map<String, Joiner> JOINERS = Map.of(
            "pair", (key, value, tableValue) -> value + "+" + tableValue,
            "keyed", (key, value, tableValue) -> key + ":" + value + "+" + tableValue,
            "tableOnly", (key, value, tableValue) -> tableValue,
            "nullIfEqual", (key, value, tableValue) -> value.equals(tableValue) ? null : value + "/" + tableValue);

    interface Extractor {
        long apply(String value, long timestamp, long partitionTime);
    }

    static final Map<String, Extractor> EXTRACTORS = Map.of(
            "recordTime", (value, timestamp, partitionTime) -> timestamp,
            "earlier", (value, timestamp, partitionTime) -> timestamp - value.length(),
            "partitionTime",
                    (value, timestamp, partitionTime) -> value.length() % 2 == 0 ? partitionTime : timestamp,
            "negativeIfX", (value, timestamp, partitionTime) -> value.startsWith("x") ? -1 : timestamp);

    static final Map<String, BiFunction<String, String, String>> TOPIC_CHOICES = Map.of(
            "byLength", (key, value) -> value.length() % 2 == 0 ? "chosen-even" : "chosen-odd",
            "byKey", (key, value) -> key.compareTo("m") < 0 ? "chosen-low" : "chosen-high");

    /** Numbers of partitions, {@code default} for where the key belongs, nothing for none. */
    static final Map<String, BiFunction<String, String, String>> PARTITIONS = Map.of(
            "byDefault", (key, value) -> "default",
            "first", (key, value) -> "0",
            "noneIfEven", (key, value) -> value.length() % 2 == 0 ? "" : "0");

    static <F> F named(String kind, Map<String, F> functions, String name) {
        F found = functions.get(name);
        if (found == null) throw new IllegalArgumentException("no " + kind + " is called \"" + name + "\"");
        return found;
    }

    /** Calls one function on text arguments, for comparing catalogues. */
    static JsonNode call(String kind, String name, JsonNode arguments) {
        String first = arguments.path(0).asText();
        String second = arguments.path(1).asText();
        String third = arguments.path(2).asText();
        Object result = switch (kind) {
            case "predicate" -> named(kind, PREDICATES, name).apply(first, second);
            case "pairMapper" -> named(kind, PAIR_MAPPERS, name).apply(first, second);
            case "valueMapper" -> named(kind, VALUE_MAPPERS, name).apply(first, second);
            case "flatPairMapper" -> named(kind, FLAT_PAIR_MAPPERS, name).apply(first, second);
            case "flatValueMapper" -> named(kind, FLAT_VALUE_MAPPERS, name).apply(first, second);
            case "keySelector" -> named(kind, KEY_SELECTORS, name).apply(first, second);
            case "reducer" -> named(kind, REDUCERS, name).apply(first, second);
            case "initializer" -> named(kind, AGGREGATIONS, name).initializer().get();
            case "aggregator" -> named(kind, AGGREGATIONS, name).aggregator().apply(first, second, third);
            case "merger" -> named(kind, AGGREGATIONS, name).merger().apply(first, second, third);
            case "joiner" -> named(kind, JOINERS, name).apply(first, second, third);
            case "extractor" ->
                named(kind, EXTRACTORS, name).apply(first, Long.parseLong(second), Long.parseLong(third));
            case "topicChoice" -> named(kind, TOPIC_CHOICES, name).apply(first, second);
            case "partitions" -> named(kind, PARTITIONS, name).apply(first, second);
            case "names" -> names(name);
            default -> throw new IllegalArgumentException("no such kind of function: " + kind);
        };
        ObjectNode answer = Main.JSON.createObjectNode();
        answer.set("result", toJson(result));
        return answer;
    }

    /** Names of the functions of a kind, sorted. */
    private static List<String> names(String kind) {
        Map<String, ?> functions = switch (kind) {
            case "predicate" -> PREDICATES;
            case "pairMapper" -> PAIR_MAPPERS;
            case "valueMapper" -> VALUE_MAPPERS;
            case "flatPairMapper" -> FLAT_PAIR_MAPPERS;
            case "flatValueMapper" -> FLAT_VALUE_MAPPERS;
            case "keySelector" -> KEY_SELECTORS;
            case "reducer" -> REDUCERS;
            case "initializer", "aggregator", "merger" -> AGGREGATIONS;
            case "joiner" -> JOINERS;
            case "extractor" -> EXTRACTORS;
            case "topicChoice" -> TOPIC_CHOICES;
            case "partitions" -> PARTITIONS;
            default -> throw new IllegalArgumentException("no such kind of function: " + kind);
        };
        return functions.keySet().stream().sorted().toList();
    }

    private static JsonNode toJson(Object result) {
        if (result instanceof KeyValue<?, ?> pair) return array(pair.key, pair.value);
        if (result instanceof List<?> list) return array(list.toArray());
        return Main.JSON.valueToTree(result);
    }

    private static ArrayNode array(Object... items) {
        ArrayNode array = Main.JSON.createArrayNode();
        for (Object item : items) array.add(toJson(item));
        return array;
    }

    /** At most 40 code units, so that what grows with each record does not grow for ever. */
    static String last(String text) {
        return text.substring(Math.max(0, text.length() - 40));
    }

    /** What stands between single spaces, empty words left out. */
    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        for (String word : text.split(" ")) if (!word.isEmpty()) words.add(word);
        return words;
    }

    /** Not the JVM's own, which knows more letters than JavaScript's and depends on the locale. */
    private static String asciiUpper(String text) {
        StringBuilder upper = new StringBuilder(text.length());
        for (char unit : text.toCharArray()) upper.append(unit >= 'a' && unit <= 'z' ? (char) (unit - 32) : unit);
        return upper.toString();
    }
}
