package millrace.protobuf;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads a case per line and says what Google's runtime makes of it. */
public final class Judge {
  private Judge() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(judge(JsonParser.parseString(line).getAsJsonObject()));
    }
  }

  /** `{"writer": DESCRIPTORS, "reader": DESCRIPTORS, "message": NAME, "data": [BYTES]}`, all in base64. */
  private static JsonObject judge(JsonObject asked) {
    JsonArray results = new JsonArray();
    JsonObject answer = new JsonObject();
    answer.add("results", results);
    try {
      String name = asked.get("message").getAsString();
      Descriptor writer = find(asked.get("writer").getAsString(), name);
      Descriptor reader = find(asked.get("reader").getAsString(), name);
      for (JsonElement datum : asked.getAsJsonArray("data")) {
        byte[] bytes = Base64.getDecoder().decode(datum.getAsString());
        JsonObject result = new JsonObject();
        result.add("writer", read(writer, bytes));
        result.add("reader", read(reader, bytes));
        results.add(result);
      }
    } catch (InvalidProtocolBufferException | DescriptorValidationException thrown) {
      answer.addProperty("failed", thrown.toString());
    }
    return answer;
  }

  private static JsonObject read(Descriptor descriptor, byte[] bytes) {
    JsonObject result = new JsonObject();
    try {
      DynamicMessage message = DynamicMessage.parseFrom(descriptor, bytes);
      result.addProperty("bytes", Base64.getEncoder().encodeToString(message.toByteArray()));
      result.addProperty("json", JsonFormat.printer().omittingInsignificantWhitespace().print(message));
    } catch (IOException | RuntimeException thrown) {
      result.addProperty("refused", thrown.toString());
    }
    return result;
  }

  private static Descriptor find(String base64, String name)
      throws InvalidProtocolBufferException, DescriptorValidationException {
    FileDescriptorSet files = FileDescriptorSet.parseFrom(Base64.getDecoder().decode(base64));
    Map<String, FileDescriptor> built = new LinkedHashMap<>();
    FileDescriptor last = null;
    for (FileDescriptorProto file : files.getFileList()) {
      FileDescriptor[] imports = file.getDependencyList().stream().map(built::get).toArray(FileDescriptor[]::new);
      last = FileDescriptor.buildFrom(file, imports);
      built.put(file.getName(), last);
    }
    return last.findMessageTypeByName(name);
  }
}
