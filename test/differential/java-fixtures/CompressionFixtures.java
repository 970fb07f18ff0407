import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.HexFormat;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.xerial.snappy.Snappy;

/**
 * Without --read it writes compressed texts as JSON into the file given; with --read it reads lines "codec hex" and prints what
 * Kafka's own classes make of them, in hex. See README.md.
 */
public class CompressionFixtures {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("--read")) {
      for (String line : Files.readAllLines(Path.of(args[1]))) {
        String[] parts = line.split(" ");
        byte[] bytes = HexFormat.of().parseHex(parts[1]);
        InputStream in = compression(parts[0]).wrapForInput(ByteBuffer.wrap(bytes), RecordBatch.MAGIC_VALUE_V2, BufferSupplier.NO_CACHING);
        System.out.println(HexFormat.of().formatHex(in.readAllBytes()));
      }
      return;
    }
    List<String> rows = new ArrayList<>();
    for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
      for (byte[] plain : plains()) rows.add(row(codec, codec, plain, compressed(codec, plain)));
    }
    for (byte[] plain : plains()) rows.add(row("snappy block", "snappy", plain, Snappy.compress(plain)));
    Files.writeString(Path.of(args[0]), "[\n" + String.join(",\n", rows) + "\n]\n");
  }

  /** The large one is more than one block of any codec. */
  static List<byte[]> plains() {
    byte[] large = new byte[70_000];
    for (int n = 0; n < large.length; n++) large[n] = (byte) (n % 1_000 < 20 ? n * 31L : (n / 1_000) * 7);
    return List.of("a".getBytes(), "some text that repeats itself ".repeat(40).getBytes(StandardCharsets.UTF_8), large);
  }

  static byte[] compressed(String codec, byte[] plain) throws Exception {
    ByteBufferOutputStream buffer = new ByteBufferOutputStream(512);
    try (OutputStream out = compression(codec).wrapForOutput(buffer, RecordBatch.MAGIC_VALUE_V2)) {
      out.write(plain);
    }
    ByteBuffer written = buffer.buffer();
    written.flip();
    byte[] bytes = new byte[written.remaining()];
    written.get(bytes);
    return bytes;
  }

  static Compression compression(String codec) {
    return Compression.of(CompressionType.forName(codec)).build();
  }

  static String row(String name, String codec, byte[] plain, byte[] bytes) throws Exception {
    String sha = HexFormat.of().formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(plain));
    return String.format(
        "  { \"name\": \"%s\", \"codec\": \"%s\", \"length\": %d, \"sha256\": \"%s\", \"bytes\": \"%s\" }",
        name, codec, plain.length, sha, java.util.Base64.getEncoder().encodeToString(bytes));
  }
}
