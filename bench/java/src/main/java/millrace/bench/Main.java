package millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** Runs one workload, as the JSON in its only argument says (`RunOptions` in run-options.ts), until it is ended. */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    JsonNode run = new ObjectMapper().readTree(arguments[0]);
    Map<String, String> inputs = new HashMap<>();
    run.get("topics").get("in").fields().forEachRemaining(input -> inputs.put(input.getKey(), input.getValue().asText()));
    StreamsBuilder builder = new StreamsBuilder();
    new Workloads(inputs, run.get("topics").get("out").asText()).build(run.get("workload").asText(), builder);
    Properties config = config(run);
    QueryServer queries = run.hasNonNull("queries") ? new QueryServer(run.get("queries").asText()) : null;
    if (queries != null) config.put("application.server", queries.address());
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.setGlobalStateRestoreListener(new RestoreLines());
    streams.setStateListener((state, before) -> line("state", state.toString()));
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      if (queries != null) queries.stop();
      // A broker that is gone for good would have it try for ever.
      streams.close(Duration.ofMinutes(1));
      ended.countDown();
    }));
    streams.start();
    if (queries != null) {
      queries.serve(streams);
      line("queries", "http://" + queries.address());
    }
    ended.await();
  }

  private static Properties config(JsonNode run) {
    Properties config = new Properties();
    config.put("application.id", run.get("applicationId").asText());
    config.put("bootstrap.servers", run.get("brokers").asText());
    config.put("state.dir", run.get("stateDir").asText());
    config.put("num.stream.threads", "1");
    boolean exactlyOnce = run.get("guarantee").asText().equals("exactly_once");
    if (exactlyOnce) config.put("processing.guarantee", "exactly_once_v2");
    if (run.hasNonNull("commitIntervalMs")) config.put("commit.interval.ms", run.get("commitIntervalMs").asText());
    if (run.hasNonNull("cacheBytes")) config.put("statestore.cache.max.bytes", run.get("cacheBytes").asText());
    return config;
  }

  private static void line(String event, String detail) {
    System.out.println(event + " " + detail);
    System.out.flush();
  }

  private static final class RestoreLines implements StateRestoreListener {
    @Override
    public void onRestoreStart(TopicPartition partition, String store, long from, long to) {
      line("restore-start", store + " " + partition.partition());
    }

    @Override
    public void onBatchRestored(TopicPartition partition, String store, long offset, long records) {}

    @Override
    public void onRestoreEnd(TopicPartition partition, String store, long records) {
      line("restore-end", store + " " + partition.partition());
    }
  }
}
