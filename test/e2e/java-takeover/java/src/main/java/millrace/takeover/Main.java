package millrace.takeover;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * {@code Main BROKERS APPLICATION INPUTS GUARANTEE CACHE_BYTES STATE_DIR GROUP_PROTOCOL SESSION_TIMEOUT_MS}: the shop, until
 * standard input ends. Then it commits, closes and leaves the group. Ends with status 1 after any failure.
 */
public final class Main {
  private static final Duration CLOSE_WITHIN = Duration.ofMinutes(2);

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    String application = arguments[1];
    Properties config = new Properties();
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    config.put(
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
        arguments[3].equals("exactly_once") ? StreamsConfig.EXACTLY_ONCE_V2 : arguments[3]);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, arguments[4]);
    config.put(StreamsConfig.STATE_DIR_CONFIG, arguments[5]);
    config.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, arguments[6]);
    if (arguments[6].equals("classic")) {
      config.put("consumer.session.timeout.ms", arguments[7]);
    }
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "100");
    config.put("producer.linger.ms", "0");
    // Repartition topics are compared, so nothing may be deleted from them.
    config.put(StreamsConfig.REPARTITION_PURGE_INTERVAL_MS_CONFIG, "3600000");
    // Results that wait for time to pass come as soon as it has, not at most once a second of wall clock.
    config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
    config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
    KafkaStreams streams = new KafkaStreams(Shop.build(arguments[2], application), config);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.start();
    while (System.in.read() != -1) {}
    // Without this a Java application stays in its group until the session times out.
    CloseOptions leave = CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP);
    // A broker that is gone for good, with the test, would have it try for ever, at the cost of a whole processor.
    if (!streams.close(leave.withTimeout(CLOSE_WITHIN))) Runtime.getRuntime().halt(2);
  }
}
