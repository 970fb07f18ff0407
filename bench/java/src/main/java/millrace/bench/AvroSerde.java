package millrace.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Avro in Confluent's wire format, with one schema. Coders are reused, as Confluent's serializers do. */
final class AvroSerde implements Serde<GenericRecord> {
  private static final int PREFIX_BYTES = 5;

  private final int id;
  private final GenericDatumWriter<GenericRecord> writer;
  private final GenericDatumReader<GenericRecord> reader;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private BinaryEncoder encoder;
  private BinaryDecoder decoder;

  AvroSerde(String schema, int id) {
    Schema parsed = new Schema.Parser().parse(schema);
    this.id = id;
    writer = new GenericDatumWriter<>(parsed);
    reader = new GenericDatumReader<>(parsed);
  }

  @Override
  public Serializer<GenericRecord> serializer() {
    return this::write;
  }

  @Override
  public Deserializer<GenericRecord> deserializer() {
    return this::read;
  }

  private byte[] write(String topic, GenericRecord value) {
    if (value == null) return null;
    try {
      bytes.reset();
      bytes.write(0);
      bytes.write(ByteBuffer.allocate(4).putInt(id).array());
      encoder = EncoderFactory.get().directBinaryEncoder(bytes, encoder);
      writer.write(value, encoder);
      return bytes.toByteArray();
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  private GenericRecord read(String topic, byte[] given) {
    if (given == null) return null;
    int written = ByteBuffer.wrap(given).getInt(1);
    if (given[0] != 0 || written != id) throw new IllegalArgumentException("schema " + written + " and not " + id);
    try {
      decoder = DecoderFactory.get().binaryDecoder(given, PREFIX_BYTES, given.length - PREFIX_BYTES, decoder);
      return reader.read(null, decoder);
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }
}
