package millrace.peer;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.internals.StreamTask;

/**
 * Works a {@link TopologyTestDriver} as an application works: several records between two commits, and what is written to an
 * internal topic is read after the commit, as under exactly-once. The driver itself commits after each record, and has no option
 * that says otherwise, so its own parts are used here in another order.
 */
final class Batches {
    private final TopologyTestDriver driver;
    /** Null where the topology has global stores only. */
    private final StreamTask task;
    private final Time clock;

    Batches(TopologyTestDriver driver) {
        this.driver = driver;
        this.task = (StreamTask) field("task");
        this.clock = (Time) field("mockWallClockTime");
    }

    void pipe(String topic, long timestamp, byte[] key, byte[] value, Headers headers) {
        Object partition = call("getInputTopicOrPatternPartition", new Class<?>[] {String.class}, topic);
        Object global = ((Map<?, ?>) field("globalPartitionsByInputTopic")).get(topic);
        if (partition == null && global == null) throw new IllegalArgumentException("Unknown topic: " + topic);
        Class<?>[] ofRecord = {TopicPartition.class, long.class, byte[].class, byte[].class, Headers.class};
        if (partition != null) {
            Class<?>[] ofTask = {
                String.class, TopicPartition.class, long.class, byte[].class, byte[].class, Headers.class
            };
            call("enqueueTaskRecord", ofTask, topic, partition, timestamp, key, value, headers);
            process();
        }
        if (global != null) call("processGlobalRecord", ofRecord, global, timestamp, key, value, headers);
    }

    void advanceWallClock(Duration advance) {
        clock.sleep(advance.toMillis());
        if (task != null) task.maybePunctuateSystemTime();
        process();
    }

    /** Commits until nothing more comes of it: what a cache emits into an internal topic is processed, and may be cached again. */
    void commit() {
        if (task == null) return;
        do {
            call("commit", new Class<?>[] {Map.class}, task.prepareCommit(true));
            task.postCommit(true);
            call("captureOutputsAndReEnqueueInternalResults", new Class<?>[0]);
        } while (process());
    }

    /** What is queued. */
    private boolean process() {
        if (task == null) return false;
        task.resumePollingForPartitionsWithAvailableSpace();
        task.updateLags();
        boolean did = false;
        while (task.hasRecordsQueued() && task.isProcessable(clock.milliseconds())) {
            task.process(clock.milliseconds());
            task.maybePunctuateStreamTime();
            did = true;
        }
        return did;
    }

    private Object field(String name) {
        try {
            Field field = TopologyTestDriver.class.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(driver);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException("this TopologyTestDriver has no " + name, error);
        }
    }

    private Object call(String name, Class<?>[] types, Object... arguments) {
        try {
            Method method = TopologyTestDriver.class.getDeclaredMethod(name, types);
            method.setAccessible(true);
            return method.invoke(driver, arguments);
        } catch (InvocationTargetException error) {
            if (error.getCause() instanceof RuntimeException cause) throw cause;
            throw new IllegalStateException(error.getCause());
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException("this TopologyTestDriver has no " + name, error);
        }
    }
}
