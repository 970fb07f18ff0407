package millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * {@code load BROKERS TOPIC PARTITIONS RECORDS KEYS} fills the input topic; {@code run BROKERS WORKLOAD APPLICATION INPUT
 * OUTPUT GUARANTEE} is the application, one thread, until it is killed.
 */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "load" -> load(arguments[1], arguments[2], Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]),
          Integer.parseInt(arguments[5]));
      case "run" -> run(arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], arguments[6]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void load(String brokers, String topic, int partitions, int records, int keys) {
    Properties config = new Properties();
    config.put("bootstrap.servers", brokers);
    config.put("linger.ms", "20");
    config.put("batch.size", "262144");
    Random random = new Random(42);
    long firstTimestamp = 1_700_000_000_000L;
    try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < records; i++) {
        String user = "user-" + random.nextInt(keys);
        String value = "{\"user\":\"" + user + "\",\"page\":\"page-" + random.nextInt(1000) + "\",\"ms\":"
            + random.nextInt(5000) + ",\"ref\":\"campaign-" + random.nextInt(50) + "\"}";
        producer.send(new ProducerRecord<>(topic, i % partitions, firstTimestamp + i, user, value));
      }
    }
  }

  private static void run(String brokers, String workload, String application, String input, String output,
      String guarantee) throws Exception {
    Properties config = new Properties();
    config.put("application.id", application);
    config.put("bootstrap.servers", brokers);
    config.put("processing.guarantee", guarantee.equals("exactly_once") ? "exactly_once_v2" : guarantee);
    config.put("commit.interval.ms", guarantee.equals("exactly_once") ? "100" : "1000");
    config.put("state.dir", Files.createTempDirectory("kafka-streams-bench").toString());
    config.put("num.stream.threads", "1");
    StreamsBuilder builder = new StreamsBuilder();
    ObjectMapper json = new ObjectMapper();
    switch (workload) {
      case "repartition" -> builder.stream(input, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
          .to(output, Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
      case "filter-map" -> builder.stream(input, Consumed.with(Serdes.String(), Serdes.String()))
          .mapValues(text -> parse(json, text))
          .filter((user, view) -> view.get("ms").asInt() < 4000)
          .mapValues(view -> {
            ObjectNode mapped = json.createObjectNode();
            mapped.set("user", view.get("user"));
            mapped.set("page", view.get("page"));
            mapped.set("ms", view.get("ms"));
            return mapped.toString();
          })
          .to(output, Produced.with(Serdes.String(), Serdes.String()));
      case "count" -> builder.stream(input, Consumed.with(Serdes.String(), Serdes.String()))
          .groupByKey()
          .count(Materialized.as("counts"))
          .toStream()
          .to(output, Produced.with(Serdes.String(), Serdes.Long()));
      default -> throw new IllegalArgumentException(workload);
    }
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close();
      ended.countDown();
    }));
    streams.start();
    ended.await();
  }

  private static JsonNode parse(ObjectMapper json, String text) {
    try {
      return json.readTree(text);
    } catch (Exception error) {
      throw new IllegalArgumentException(text, error);
    }
  }
}
