package millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;

/** What the Java statements of a workload may use. The class that holds them extends this one. */
abstract class Snippets {
  static final ObjectMapper JSON = new ObjectMapper();
  static final Serde<JsonNode> JSON_SERDE = Serdes.serdeFrom(new JsonWriter(), new JsonReader());
  static final Consumed<String, String> STRINGS = Consumed.with(Serdes.String(), Serdes.String());

  private final Map<String, String> inputs;
  private final String output;

  Snippets(Map<String, String> inputs, String output) {
    this.inputs = inputs;
    this.output = output;
  }

  abstract void build(String workload, StreamsBuilder builder);

  String in(String name) {
    String topic = inputs.get(name);
    if (topic == null) throw new IllegalArgumentException("there is no input \"" + name + "\": " + inputs.keySet());
    return topic;
  }

  String out() {
    return output;
  }

  static Serde<GenericRecord> avro(String schema, int id) {
    return new AvroSerde(schema, id);
  }

  static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (Exception error) {
      throw new IllegalArgumentException(text, error);
    }
  }

  private static final class JsonReader implements Deserializer<JsonNode> {
    @Override
    public JsonNode deserialize(String topic, byte[] bytes) {
      if (bytes == null) return null;
      try {
        return JSON.readTree(bytes);
      } catch (Exception error) {
        throw new IllegalArgumentException(error);
      }
    }
  }

  private static final class JsonWriter implements Serializer<JsonNode> {
    @Override
    public byte[] serialize(String topic, JsonNode value) {
      if (value == null) return null;
      try {
        return JSON.writeValueAsBytes(value);
      } catch (Exception error) {
        throw new IllegalArgumentException(error);
      }
    }
  }
}
