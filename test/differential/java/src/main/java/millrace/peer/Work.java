package millrace.peer;

import static millrace.peer.Catalogue.text;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/** What the processors of a spec do; {@code ../interpret/processors.ts} has the same ones. */
interface Work {
    Run start(ProcessingContext context, String store, ForwardAny forwardAny);

    /** For punctuations. */
    interface ForwardAny {
        void forward(String key, String value, long timestamp);
    }

    /** Under the key of the record at hand. */
    interface Forward {
        void forward(String value, long timestamp, Headers headers);
    }

    interface Run {
        void process(Object key, Object value, long timestamp, Headers headers, Forward forward);
    }

    static Work of(String kind) {
        return switch (kind) {
            case "count" -> Work::count;
            case "ranges" -> Work::ranges;
            case "hold" -> (context, store, any) -> hold(context, store, any, 10, PunctuationType.STREAM_TIME);
            case "holdByWallClock" -> (context, store, any) -> hold(context, store, any, 25, PunctuationType.WALL_CLOCK_TIME);
            case "history" -> Work::history;
            case "sessions" -> Work::sessions;
            case "stamp" -> Work::stamp;
            case "lag" -> Work::lag;
            case "lagByWallClock" -> Work::lagByWallClock;
            case "lookUp" -> Work::lookUp;
            default -> throw new IllegalArgumentException("no such processor: " + kind);
        };
    }

    private static Run count(ProcessingContext context, String name, ForwardAny any) {
        KeyValueStore<String, String> store = context.getStateStore(name);
        return (key, value, timestamp, headers, forward) -> {
            String before = store.get(text(key));
            long count = before == null ? 1 : Long.parseLong(before) + 1;
            store.put(text(key), String.valueOf(count));
            forward.forward(count + ":" + text(value), timestamp, headers);
        };
    }

    private static Run ranges(ProcessingContext context, String name, ForwardAny any) {
        KeyValueStore<String, String> store = context.getStateStore(name);
        return (recordKey, recordValue, timestamp, headers, forward) -> {
            String key = text(recordKey);
            String value = text(recordValue);
            String old = value.startsWith("x") ? store.delete(key) : store.putIfAbsent(key, value);
            if (old != null && value.indexOf('a') >= 0) store.put(key, value);
            String result = text(old) + "|" + keys(store.range("a", "m")) + "|" + keys(store.reverseAll());
            forward.forward(result, timestamp, headers);
        };
    }

    private static String keys(KeyValueIterator<String, String> entries) {
        List<String> keys = new ArrayList<>();
        try (entries) {
            while (entries.hasNext()) keys.add(entries.next().key);
        }
        return String.join(",", keys);
    }

    private static Run hold(
            ProcessingContext context, String name, ForwardAny any, long intervalMs, PunctuationType clock) {
        KeyValueStore<String, String> store = context.getStateStore(name);
        context.schedule(Duration.ofMillis(intervalMs), clock, timestamp -> {
            List<KeyValue<String, String>> held = new ArrayList<>();
            try (KeyValueIterator<String, String> all = store.all()) {
                while (all.hasNext()) held.add(all.next());
            }
            for (KeyValue<String, String> entry : held) {
                any.forward(entry.key, entry.value, timestamp);
                store.put(entry.key, null);
            }
        });
        return (key, value, timestamp, headers, forward) -> store.put(text(key), value == null ? null : text(value));
    }

    private static Run history(ProcessingContext context, String name, ForwardAny any) {
        WindowStore<String, String> store = context.getStateStore(name);
        return (key, value, timestamp, headers, forward) -> {
            List<String> found = new ArrayList<>();
            try (WindowStoreIterator<String> windows = store.fetch(text(key), Math.max(0, timestamp - 10), timestamp)) {
                while (windows.hasNext()) {
                    KeyValue<Long, String> window = windows.next();
                    found.add(window.key + "=" + window.value);
                }
            }
            store.put(text(key), value == null ? null : text(value), timestamp);
            forward.forward(String.join(",", found), timestamp, headers);
        };
    }

    private static Run sessions(ProcessingContext context, String name, ForwardAny any) {
        SessionStore<String, String> store = context.getStateStore(name);
        return (recordKey, value, timestamp, headers, forward) -> {
            String key = text(recordKey);
            List<KeyValue<Windowed<String>, String>> found = new ArrayList<>();
            try (KeyValueIterator<Windowed<String>, String> sessions = store.findSessions(key, timestamp - 5, timestamp + 5)) {
                while (sessions.hasNext()) found.add(sessions.next());
            }
            long start = timestamp;
            long end = timestamp;
            List<String> values = new ArrayList<>();
            for (KeyValue<Windowed<String>, String> session : found) {
                store.remove(session.key);
                start = Math.min(start, session.key.window().start());
                end = Math.max(end, session.key.window().end());
                values.add(session.value);
            }
            values.add(text(value));
            String merged = Catalogue.last(String.join("&", values));
            store.put(new Windowed<>(key, new SessionWindow(start, end)), merged);
            forward.forward(start + "/" + end + "=" + merged, timestamp, headers);
        };
    }

    private static Run stamp(ProcessingContext context, String name, ForwardAny any) {
        return (key, value, timestamp, headers, forward) -> {
            Headers more = new RecordHeaders(headers).add("seen", text(key).getBytes(StandardCharsets.UTF_8));
            forward.forward(text(value), timestamp + 3, more);
            forward.forward("again", timestamp, headers);
        };
    }

    private static Run lag(ProcessingContext context, String name, ForwardAny any) {
        List<Runnable> held = new ArrayList<>();
        return (key, value, timestamp, headers, forward) -> {
            held.forEach(Runnable::run);
            held.clear();
            held.add(() -> forward.forward("held " + text(value), timestamp, headers));
        };
    }

    private static Run lagByWallClock(ProcessingContext context, String name, ForwardAny any) {
        List<Runnable> held = new ArrayList<>();
        context.schedule(Duration.ofMillis(25), PunctuationType.WALL_CLOCK_TIME, now -> {
            held.forEach(Runnable::run);
            held.clear();
        });
        return (key, value, timestamp, headers, forward) -> held.add(
                () -> forward.forward(value == null ? null : "held " + text(value), timestamp, headers));
    }

    private static Run lookUp(ProcessingContext context, String name, ForwardAny any) {
        KeyValueStore<String, Object> store = context.getStateStore(name);
        return (key, value, timestamp, headers, forward) -> {
            Object found = store.get(text(key));
            String shown = found instanceof ValueAndTimestamp<?> stamped
                    ? stamped.value() + " " + stamped.timestamp()
                    : text(found);
            forward.forward(text(value) + "@" + shown, timestamp, headers);
        };
    }
}
