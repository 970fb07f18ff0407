import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.kstream.SessionWindowedSerializer;
import org.apache.kafka.streams.kstream.TimeWindowedSerializer;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.kstream.internals.TimeWindow;
import org.apache.kafka.streams.state.internals.SessionKeySchema;
import org.apache.kafka.streams.state.internals.WindowKeySchema;

/** Writes JSON fixtures below the folder given as argument. See README.md. */
public class Fixtures {
  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]);
    write(root.resolve("record/fixtures/murmur2.json"), murmur2());
    write(root.resolve("record/fixtures/record-batches.json"), batches());
    write(root.resolve("serde/fixtures/serdes.json"), serdes());
    write(root.resolve("serde/fixtures/ill-formed-utf8.json"), illFormed());
    write(root.resolve("formats/fixtures/store-keys.json"), storeKeys());
  }

  // Hashes

  static List<String> murmur2() {
    Random random = new Random(1);
    List<byte[]> keys = new ArrayList<>();
    for (int length = 0; length < 40; length++) keys.add(bytes(random, length));
    for (String text : List.of("21", "foobar", "a-little-bit-long-string", "日本語", "user-1", "user-2")) {
      keys.add(text.getBytes(StandardCharsets.UTF_8));
    }
    keys.add(new byte[] {-1, -1, -1, -1, -1, -1, -1});
    return keys.stream()
        .map(key -> object("key", hex(key), "hash", "" + Utils.murmur2(key), "partitionOf12", "" + BuiltInPartitioner.partitionForKey(key, 12)))
        .toList();
  }

  // Record batches

  record Rec(long timestamp, byte[] key, byte[] value, Header... headers) {}

  static List<String> batches() {
    long now = 1_700_000_000_000L;
    byte[] k = {1}, v = {2, 3}, none = {};
    List<Rec> many = new ArrayList<>();
    Random random = new Random(2);
    for (int i = 0; i < 300; i++) many.add(new Rec(now + random.nextInt(1000), bytes(random, random.nextInt(5)), bytes(random, random.nextInt(8))));
    List<String> out = new ArrayList<>();
    out.add(batch("one record", 0, -1, (short) -1, -1, false, new Rec(now, k, v)));
    out.add(batch("nulls and empties", 0, -1, (short) -1, -1, false, new Rec(now, null, null), new Rec(now, none, none), new Rec(now, null, v), new Rec(now, k, null)));
    out.add(batch("idempotent", 0, 4711, (short) 3, 1000, false, new Rec(now, k, v), new Rec(now + 1, k, v)));
    out.add(batch("transactional at a high offset", (1L << 40) + 5, (1L << 33) + 1, (short) 32767, Integer.MAX_VALUE, true, new Rec(now, k, v)));
    out.add(batch("timestamps far apart", 0, -1, (short) -1, -1, false, new Rec(now, k, v), new Rec(0, k, v), new Rec(now + (1L << 31), k, v),
        new Rec(now - (1L << 31), k, v), new Rec(now + (1L << 40), k, v), new Rec(253_402_300_799_999L, k, v), new Rec(now + 63, k, v), new Rec(now + 64, k, v),
        new Rec(now - 64, k, v), new Rec(now - 65, k, v)));
    out.add(batch("no timestamp", 0, -1, (short) -1, -1, false, new Rec(-1, k, v), new Rec(now, k, v)));
    out.add(batch("headers", 0, -1, (short) -1, -1, false, new Rec(now, k, v, new RecordHeader("a", v), new RecordHeader("a", (byte[]) null)),
        new Rec(now, null, null, new RecordHeader("", none), new RecordHeader("schlüssel-日本", bytes(random, 200)))));
    out.add(batch("long key and value", 0, -1, (short) -1, -1, false, new Rec(now, bytes(random, 100), bytes(random, 2_000))));
    out.add(batch("300 records", 77, -1, (short) -1, -1, false, many.toArray(new Rec[0])));
    out.add(compacted(now, k, v));
    out.add(logAppendTime(now, k, v));
    out.add(gzip(now));
    out.add(marker("commit", ControlRecordType.COMMIT, now));
    out.add(marker("abort", ControlRecordType.ABORT, now));
    return out;
  }

  static MemoryRecordsBuilder builder(Compression compression, long baseOffset, long producerId, short epoch, int sequence, boolean transactional) {
    return MemoryRecords.builder(ByteBuffer.allocate(1 << 16), RecordBatch.MAGIC_VALUE_V2, compression, TimestampType.CREATE_TIME, baseOffset,
        RecordBatch.NO_TIMESTAMP, producerId, epoch, sequence, transactional, RecordBatch.NO_PARTITION_LEADER_EPOCH);
  }

  static String batch(String name, long baseOffset, long producerId, short epoch, int sequence, boolean transactional, Rec... records) {
    MemoryRecordsBuilder builder = builder(Compression.NONE, baseOffset, producerId, epoch, sequence, transactional);
    for (Rec each : records) builder.append(each.timestamp, each.key, each.value, each.headers);
    List<String> listed = new ArrayList<>();
    for (int i = 0; i < records.length; i++) listed.add(record(baseOffset + i, records[i]));
    return object("name", quote(name), "kind", quote("plain"), "baseOffset", "" + baseOffset, "producerId", "" + producerId, "producerEpoch", "" + epoch,
        "baseSequence", "" + sequence, "transactional", "" + transactional, "records", array(listed), "bytes", hex(builder.build().buffer()));
  }

  /** As after compaction: offsets are missing between the records. */
  static String compacted(long now, byte[] k, byte[] v) {
    MemoryRecordsBuilder builder = builder(Compression.NONE, 10, -1, (short) -1, -1, false);
    builder.appendWithOffset(12, now, k, v);
    builder.appendWithOffset(200, now, k, v);
    return object("name", quote("compacted"), "kind", quote("compacted"), "records",
        array(List.of(record(12, new Rec(now, k, v)), record(200, new Rec(now, k, v)))), "bytes", hex(builder.build().buffer()));
  }

  static String logAppendTime(long now, byte[] k, byte[] v) {
    MemoryRecordsBuilder builder = builder(Compression.NONE, 0, -1, (short) -1, -1, false);
    builder.append(now, k, v);
    builder.append(now + 5, k, v);
    MemoryRecords records = builder.build();
    for (MutableRecordBatch batch : records.batches()) batch.setMaxTimestamp(TimestampType.LOG_APPEND_TIME, now + 1000);
    return object("name", quote("log append time"), "kind", quote("logAppendTime"), "records",
        array(List.of(record(0, new Rec(now + 1000, k, v)), record(1, new Rec(now + 1000, k, v)))), "bytes", hex(records.buffer()));
  }

  static String gzip(long now) {
    MemoryRecordsBuilder builder = builder(Compression.gzip().build(), 0, -1, (short) -1, -1, false);
    List<String> listed = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Rec each = new Rec(now + i, ("key-" + i).getBytes(), "the same value again and again".getBytes());
      builder.append(each.timestamp, each.key, each.value);
      listed.add(record(i, each));
    }
    return object("name", quote("gzip"), "kind", quote("gzip"), "records", array(listed), "bytes", hex(builder.build().buffer()));
  }

  static String marker(String type, ControlRecordType control, long now) {
    MemoryRecords records = MemoryRecords.withEndTransactionMarker(42, now, 6, 4711, (short) 3, new EndTransactionMarker(control, 8));
    return object("name", quote(type + " marker"), "kind", quote(type), "records", "[]", "bytes", hex(records.buffer()));
  }

  static String record(long offset, Rec record) {
    List<String> headers = Arrays.stream(record.headers).map(header -> object("key", quote(header.key()), "value", hex(header.value()))).toList();
    return object("offset", "" + offset, "timestamp", "" + record.timestamp, "key", hex(record.key), "value", hex(record.value), "headers", array(headers));
  }

  // Serdes: `value` is JSON, or text where JSON has no exact form

  static List<String> serdes() {
    List<String> out = new ArrayList<>();
    for (String text : List.of("", "a", "12345678", "123456789", "1234567890123456", "12345678901234567", "grüße", "日本語", "🏞️ mill race", "\uFEFFmark", "nul\0l", "x".repeat(300))) {
      out.add(serde("string", Serdes.String(), text, quote(text)));
    }
    for (short n : new short[] {0, 1, -1, 255, 256, Short.MIN_VALUE, Short.MAX_VALUE}) out.add(serde("short", Serdes.Short(), n, "" + n));
    for (int n : new int[] {0, 1, -1, 1 << 24, Integer.MIN_VALUE, Integer.MAX_VALUE}) out.add(serde("int", Serdes.Integer(), n, "" + n));
    for (long n : new long[] {0, 1, -1, 1L << 32, -(1L << 32), (1L << 53) - 1, -(1L << 53) + 1, 1L << 53, Long.MIN_VALUE, Long.MAX_VALUE}) {
      out.add(serde("long", Serdes.Long(), n, quote("" + n)));
    }
    for (double n : new double[] {0, -0.0, 1.5, -1e300, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, Double.longBitsToDouble(0xfff8000000000001L), Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      out.add(serde("double", Serdes.Double(), n, quote("" + n)));
    }
    for (float n : new float[] {0, -0f, 1.5f, 0.1f, Float.MIN_VALUE, Float.MAX_VALUE, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      out.add(serde("float", Serdes.Float(), n, quote("" + (double) n)));
    }
    for (boolean b : new boolean[] {true, false}) out.add(serde("boolean", Serdes.Boolean(), b, "" + b));
    UUID uuid = UUID.fromString("123E4567-E89B-12D3-A456-426614174000");
    out.add(serde("uuid", Serdes.UUID(), uuid, quote(uuid.toString())));
    out.add(object("serde", quote("bytes"), "value", hex(new byte[] {0, -1}), "bytes", hex(Serdes.ByteArray().serializer().serialize("t", new byte[] {0, -1}))));

    out.add(serde("list(int)", Serdes.ListSerde(ArrayList.class, Serdes.Integer()), List.of(), "[]"));
    out.add(serde("list(int)", Serdes.ListSerde(ArrayList.class, Serdes.Integer()), Arrays.asList(1, null, -3, null), "[1,null,-3,null]"));
    out.add(serde("list(short)", Serdes.ListSerde(ArrayList.class, Serdes.Short()), List.of((short) 1, (short) -1), "[1,-1]"));
    out.add(serde("list(safeLong)", Serdes.ListSerde(ArrayList.class, Serdes.Long()), List.of(1L, -1L), "[1,-1]"));
    out.add(serde("list(double)", Serdes.ListSerde(ArrayList.class, Serdes.Double()), List.of(1.5, -2.0), "[1.5,-2]"));
    out.add(serde("list(float)", Serdes.ListSerde(ArrayList.class, Serdes.Float()), List.of(1.5f, -2f), "[1.5,-2]"));
    out.add(serde("list(boolean)", Serdes.ListSerde(ArrayList.class, Serdes.Boolean()), Arrays.asList(true, null, false), "[true,null,false]"));
    out.add(serde("list(uuid)", Serdes.ListSerde(ArrayList.class, Serdes.UUID()), Arrays.asList(uuid, null), array(List.of(quote(uuid.toString()), "null"))));
    out.add(serde("list(string)", Serdes.ListSerde(ArrayList.class, Serdes.String()), Arrays.asList("a", "", null, "grüße"), "[\"a\",\"\",null,\"gr\\u00fc\\u00dfe\"]"));
    out.add(serde("list(list(int))", Serdes.ListSerde(ArrayList.class, Serdes.ListSerde(ArrayList.class, Serdes.Integer())), List.of(List.of(1), List.of()), "[[1],[]]"));

    for (long start : new long[] {0, 60_000, 1_700_000_040_000L}) {
      String value = object("key", quote("user-1"), "window", object("start", "" + start, "end", "" + (start + 60_000)));
      byte[] time = new TimeWindowedSerializer<>(Serdes.String().serializer()).serialize("t", new Windowed<>("user-1", new TimeWindow(start, start + 60_000)));
      out.add(object("serde", quote("timeWindowed(string)"), "value", value, "bytes", hex(time)));
      byte[] session = new SessionWindowedSerializer<>(Serdes.String().serializer()).serialize("t", new Windowed<>("user-1", new SessionWindow(start, start + 60_000)));
      out.add(object("serde", quote("sessionWindowed(string)"), "value", value, "bytes", hex(session)));
    }
    return out;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  static String serde(String name, Serde serde, Object value, String json) {
    byte[] bytes = serde.serializer().serialize("t", value);
    if (serde.deserializer() instanceof Deserializer<?> back && !back.deserialize("t", bytes).equals(value)) throw new IllegalStateException(name + " does not come back: " + value);
    return object("serde", quote(name), "value", json, "bytes", hex(bytes));
  }

  static List<String> illFormed() {
    List<String> out = new ArrayList<>();
    for (String hex : List.of("ff", "61ff62", "c3", "c328", "e282", "e28261", "f09f8f", "f09f8f61", "c080", "eda080", "f4908080", "80", "6180bf62", "f8888080", "e0809f", "efbbbf61")) {
      byte[] bytes = HexFormat.of().parseHex(hex);
      out.add(object("bytes", hex(bytes), "text", quote(Serdes.String().deserializer().deserialize("t", bytes))));
    }
    return out;
  }

  // Store keys

  static List<String> storeKeys() {
    List<String> out = new ArrayList<>();
    Random random = new Random(3);
    for (int length : new int[] {0, 1, 5, 20}) {
      byte[] key = bytes(random, length);
      for (long start : new long[] {0, 1_700_000_000_000L}) {
        out.add(object("layout", quote("window"), "key", hex(key), "start", "" + start, "sequence", "7", "bytes", hex(WindowKeySchema.toStoreKeyBinary(Bytes.wrap(key), start, 7).get())));
        out.add(object("layout", quote("session"), "key", hex(key), "start", "" + start, "end", "" + (start + 5), "bytes", hex(SessionKeySchema.toBinary(Bytes.wrap(key), start, start + 5).get())));
      }
    }
    return out;
  }

  // JSON

  static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  static String hex(byte[] bytes) {
    return bytes == null ? "null" : quote(HexFormat.of().formatHex(bytes));
  }

  static String hex(ByteBuffer buffer) {
    return hex(Utils.toArray(buffer.duplicate()));
  }

  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) out.append(c >= 32 && c < 127 && c != '"' && c != '\\' ? "" + c : String.format("\\u%04x", (int) c));
    return out.append('"').toString();
  }

  static String object(String... namesAndValues) {
    List<String> members = new ArrayList<>();
    for (int i = 0; i < namesAndValues.length; i += 2) members.add(quote(namesAndValues[i]) + ":" + namesAndValues[i + 1]);
    return "{" + String.join(",", members) + "}";
  }

  static String array(List<String> values) {
    return "[" + String.join(",", values) + "]";
  }

  static void write(Path path, List<String> rows) throws Exception {
    Files.createDirectories(path.getParent());
    Files.writeString(path, "[\n" + String.join(",\n", rows) + "\n]\n");
  }
}
