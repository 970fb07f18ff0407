package millrace.bench;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.apache.kafka.streams.query.TimestampedKeyQuery;
import org.apache.kafka.streams.state.ValueAndTimestamp;

/**
 * What one writes to read a store over HTTP: `GET /stores/STORE/keys/KEY`. It finds the partition of the key and reads it with IQv2,
 * and it answers with what the query server of Millrace answers with.
 */
final class QueryServer {
  private final String store;
  private final String path;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Serializer<String> keys = Serdes.String().serializer();

  QueryServer(String store) throws IOException {
    // Without it each answer waits for an acknowledgement of its head, up to 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    this.store = store;
    path = "/stores/" + store + "/keys/";
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
    server.setExecutor(threads);
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  void serve(KafkaStreams streams) {
    server.createContext(path, exchange -> answer(streams, exchange));
    server.start();
  }

  void stop() {
    server.stop(0);
    threads.shutdown();
  }

  private void answer(KafkaStreams streams, HttpExchange exchange) throws IOException {
    String key = URLDecoder.decode(exchange.getRequestURI().getRawPath().substring(path.length()), StandardCharsets.UTF_8);
    int status = 200;
    String body;
    try {
      int partition = streams.queryMetadataForKey(store, key, keys).partition();
      ValueAndTimestamp<Long> found = read(streams, key, partition);
      if (found == null) status = 404;
      body = found == null ? "{\"error\":{\"code\":\"KEY_UNKNOWN\"}}" : json(found, partition);
    } catch (RuntimeException error) {
      status = 503;
      body = "{\"error\":{\"code\":\"" + error.getClass().getSimpleName() + "\"}}";
    }
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", "application/json; charset=utf-8");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private ValueAndTimestamp<Long> read(KafkaStreams streams, String key, int partition) {
    TimestampedKeyQuery<String, Long> query = TimestampedKeyQuery.withKey(key);
    QueryResult<ValueAndTimestamp<Long>> result =
        streams.query(StateQueryRequest.inStore(store).withQuery(query).withPartitions(Set.of(partition)))
            .getPartitionResults()
            .get(partition);
    if (result == null || result.isFailure()) throw new IllegalStateException("the partition is not here");
    return result.getResult();
  }

  private static String json(ValueAndTimestamp<Long> found, int partition) {
    // As in Millrace, where a count is a bigint.
    return "{\"value\":{\"$bigint\":\"" + found.value() + "\"},\"timestamp\":" + found.timestamp() + ",\"partition\":" + partition + ",\"source\":\"active\"}";
  }
}
