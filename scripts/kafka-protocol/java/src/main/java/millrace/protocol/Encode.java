package millrace.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/** For each line of stdin, `{"name", "version", "json"}`, prints the bytes that Kafka's own classes write, in base64. */
public final class Encode {
    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        StringBuilder out = new StringBuilder();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode row = mapper.readTree(line);
            short version = (short) row.get("version").asInt();
            String name = row.get("name").asText();
            String type = name.startsWith("ConsumerProtocol") ? name : name + "Data";
            Class<?> converter = Class.forName("org.apache.kafka.common.message." + type + "JsonConverter");
            Message message = (Message) converter.getMethod("read", JsonNode.class, short.class)
                .invoke(null, row.get("json"), version);
            var buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            out.append(Base64.getEncoder().encodeToString(bytes)).append('\n');
        }
        System.out.print(out);
    }
}
