package millrace.peer;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Answers commands until standard input ends: one JSON object a line in, one a line out, in order. A command that fails
 * is answered with {@code {"error": …}} and the next one is taken.
 */
public final class Main {
    /** Without what ends a line for some readers, as U+2028 does. */
    static final ObjectMapper JSON =
            JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private Main() {}

    public static void main(String[] args) throws IOException {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        // Whatever else prints must not come between the answers.
        System.setOut(System.err);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            answers.println(JSON.writeValueAsString(answer(line)));
        }
    }

    private static JsonNode answer(String line) {
        try {
            JsonNode command = JSON.readTree(line);
            return switch (command.path("cmd").asText()) {
                case "version" -> Commands.version();
                case "describe" -> Commands.describe(command);
                case "run" -> Commands.run(command);
                case "metrics" -> Commands.metrics(command);
                case "format" -> Formats.answer(command);
                case "call" -> Commands.call(command);
                default -> throw new IllegalArgumentException("no such command: " + command.path("cmd"));
            };
        } catch (Exception | StackOverflowError thrown) {
            ObjectNode failed = JSON.createObjectNode();
            Throwable error = thrown instanceof CaseRun.Failed ? thrown.getCause() : thrown;
            if (thrown instanceof CaseRun.Failed run) failed.put("at", run.at);
            failed.put("error", error.toString());
            StringBuilder causes = new StringBuilder();
            for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
                causes.append(causes.isEmpty() ? "" : " <- ").append(cause);
            }
            if (!causes.isEmpty()) failed.put("cause", causes.toString());
            return failed;
        }
    }
}
