package millrace.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.zip.ZipFile;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Prints what kafka-clients knows of the protocol as one JSON object: the message schemas, and the error codes. */
public final class Schemas {
    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper().configure(JsonParser.Feature.ALLOW_COMMENTS, true);
        ObjectNode result = mapper.createObjectNode();
        ObjectNode messages = result.putObject("messages");
        Path jar = Path.of(Errors.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (var entry : (Iterable<java.util.zip.ZipEntry>) zip.stream().map(e -> (java.util.zip.ZipEntry) e)::iterator) {
                String name = entry.getName();
                if (!name.startsWith("common/message/") || !name.endsWith(".json")) continue;
                JsonNode schema = mapper.readTree(zip.getInputStream(entry));
                messages.set(schema.get("name").asText(), schema);
            }
        }
        var errors = result.putArray("errors");
        for (Errors error : Errors.values()) {
            ObjectNode row = errors.addObject();
            row.put("code", error.code());
            row.put("name", error.name());
            row.put("retriable", error.exception() instanceof RetriableException);
        }
        System.out.println(mapper.writeValueAsString(result));
    }
}
