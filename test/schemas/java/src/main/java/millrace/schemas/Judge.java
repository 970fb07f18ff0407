package millrace.schemas;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericEnumSymbol;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Reads a case per line and says what Avro makes of it. */
public final class Judge {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Judge() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(JSON.writeValueAsString(judge(JSON.readTree(line))));
    }
  }

  private static ObjectNode judge(JsonNode asked) {
    ObjectNode answer = JSON.createObjectNode();
    Schema writer = parse(asked.get("writer").textValue(), answer.putObject("writer"));
    Schema reader = parse(asked.get("reader").textValue(), answer.putObject("reader"));
    if (writer == null || reader == null) return answer;
    compare(reader, writer, answer);
    ArrayNode results = answer.putArray("results");
    for (JsonNode datum : asked.get("data")) results.add(roundTrip(writer, reader, datum));
    return answer;
  }

  private static Schema parse(String text, ObjectNode answer) {
    try {
      Schema schema = new Schema.Parser().parse(text);
      answer.put("text", schema.toString());
      return schema;
    } catch (RuntimeException thrown) {
      answer.put("refused", String.valueOf(thrown.getMessage()));
      return null;
    }
  }

  private static void compare(Schema reader, Schema writer, ObjectNode answer) {
    try {
      ArrayNode found = JSON.createArrayNode();
      SchemaCompatibility.checkReaderWriterCompatibility(reader, writer)
          .getResult()
          .getIncompatibilities()
          .forEach(one -> found.add(one.getType() + " " + one.getLocation() + " " + one.getMessage()));
      answer.set("incompatibilities", found);
    } catch (RuntimeException thrown) {
      answer.put("comparisonFailed", thrown.toString());
    }
  }

  private static ObjectNode roundTrip(Schema writer, Schema reader, JsonNode datum) {
    ObjectNode result = JSON.createObjectNode();
    byte[] written;
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
      new GenericDatumWriter<>(writer).write(build(writer, datum), encoder);
      encoder.flush();
      written = bytes.toByteArray();
      result.put("written", Base64.getEncoder().encodeToString(written));
    } catch (IOException | RuntimeException thrown) {
      result.put("writeRefused", thrown.toString());
      return result;
    }
    try {
      Object read =
          new GenericDatumReader<>(writer, reader).read(null, DecoderFactory.get().binaryDecoder(written, null));
      result.set("value", show(read));
    } catch (IOException | RuntimeException thrown) {
      result.put("refused", thrown.toString());
    }
    return result;
  }

  /** Makes the value that a description stands for: `["int", "1"]`, `["record", "shop.Order", [["id", …]]]`. */
  private static Object build(Schema schema, JsonNode described) {
    String kind = described.get(0).textValue();
    if (schema.getType() == Schema.Type.UNION) {
      String name = described.size() > 1 && isNamed(kind) ? described.get(1).textValue() : kind;
      for (Schema branch : schema.getTypes()) if (branch.getFullName().equals(name)) return build(branch, described);
      throw new IllegalArgumentException("no branch " + name);
    }
    switch (kind) {
      case "null":
        return null;
      case "boolean":
        return described.get(1).booleanValue();
      case "int":
        return Integer.valueOf(described.get(1).textValue());
      case "long":
        return Long.valueOf(described.get(1).textValue());
      case "float":
        return Float.intBitsToFloat(Integer.parseUnsignedInt(described.get(1).textValue(), 16));
      case "double":
        return Double.longBitsToDouble(Long.parseUnsignedLong(described.get(1).textValue(), 16));
      case "string":
        return described.get(1).textValue();
      case "bytes":
        return ByteBuffer.wrap(Base64.getDecoder().decode(described.get(1).textValue()));
      case "fixed":
        return new GenericData.Fixed(schema, Base64.getDecoder().decode(described.get(2).textValue()));
      case "enum":
        return new GenericData.EnumSymbol(schema, described.get(2).textValue());
      case "array": {
        List<Object> items = new ArrayList<>();
        for (JsonNode item : described.get(1)) items.add(build(schema.getElementType(), item));
        return items;
      }
      case "map": {
        Map<String, Object> map = new LinkedHashMap<>();
        for (JsonNode entry : described.get(1)) {
          map.put(entry.get(0).textValue(), build(schema.getValueType(), entry.get(1)));
        }
        return map;
      }
      default: {
        GenericData.Record record = new GenericData.Record(schema);
        for (JsonNode field : described.get(2)) {
          String name = field.get(0).textValue();
          record.put(name, build(schema.getField(name).schema(), field.get(1)));
        }
        return record;
      }
    }
  }

  private static boolean isNamed(String kind) {
    return kind.equals("record") || kind.equals("enum") || kind.equals("fixed");
  }

  /** The description of a value. */
  private static ArrayNode show(Object value) {
    ArrayNode shown = JSON.createArrayNode();
    if (value == null) return shown.add("null");
    if (value instanceof Boolean) return shown.add("boolean").add((Boolean) value);
    if (value instanceof Integer) return shown.add("int").add(value.toString());
    if (value instanceof Long) return shown.add("long").add(value.toString());
    if (value instanceof Float) return shown.add("float").add(String.format("%08x", Float.floatToIntBits((Float) value)));
    if (value instanceof Double) {
      return shown.add("double").add(String.format("%016x", Double.doubleToLongBits((Double) value)));
    }
    if (value instanceof CharSequence) return shown.add("string").add(value.toString());
    if (value instanceof ByteBuffer) {
      ByteBuffer bytes = ((ByteBuffer) value).duplicate();
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      return shown.add("bytes").add(Base64.getEncoder().encodeToString(copy));
    }
    if (value instanceof Collection) {
      ArrayNode items = shown.add("array").addArray();
      for (Object item : (Collection<?>) value) items.add(show(item));
      return shown;
    }
    if (value instanceof Map) {
      Map<String, Object> sorted = new TreeMap<>();
      ((Map<?, ?>) value).forEach((name, member) -> sorted.put(name.toString(), member));
      ArrayNode entries = shown.add("map").addArray();
      sorted.forEach((name, member) -> entries.addArray().add(name).add(show(member)));
      return shown;
    }
    String name = ((GenericContainer) value).getSchema().getFullName();
    if (value instanceof GenericFixed) {
      byte[] bytes = ((GenericFixed) value).bytes();
      return shown.add("fixed").add(name).add(Base64.getEncoder().encodeToString(bytes));
    }
    if (value instanceof GenericEnumSymbol) return shown.add("enum").add(name).add(value.toString());
    IndexedRecord record = (IndexedRecord) value;
    ArrayNode fields = shown.add("record").add(name).addArray();
    for (Schema.Field field : record.getSchema().getFields()) {
      fields.addArray().add(field.name()).add(show(record.get(field.pos())));
    }
    return shown;
  }
}
