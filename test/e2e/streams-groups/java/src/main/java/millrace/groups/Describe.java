package millrace.groups;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.StreamsGroupDescription;
import org.apache.kafka.clients.admin.StreamsGroupSubtopologyDescription;

/** {@code Describe BROKERS GROUP}: the topology that a streams group was told, one line for each part of it. */
public final class Describe {
  private Describe() {}

  public static void main(String[] arguments) throws Exception {
    Properties config = new Properties();
    config.put("bootstrap.servers", arguments[0]);
    try (Admin admin = Admin.create(config)) {
      StreamsGroupDescription group =
          admin.describeStreamsGroups(List.of(arguments[1])).describedGroups().get(arguments[1]).get();
      Map<String, StreamsGroupSubtopologyDescription> parts = new TreeMap<>();
      group.subtopologies().forEach(part -> parts.put(part.subtopologyId(), part));
      parts.values().forEach(Describe::print);
    }
  }

  private static void print(StreamsGroupSubtopologyDescription part) {
    System.out.println(part.subtopologyId() + " sources " + new TreeSet<>(part.sourceTopics()));
    System.out.println(part.subtopologyId() + " sinks " + new TreeSet<>(part.repartitionSinkTopics()));
    print(part.subtopologyId() + " repartition ", part.repartitionSourceTopics());
    print(part.subtopologyId() + " changelog ", part.stateChangelogTopics());
  }

  private static void print(String prefix, Map<String, StreamsGroupSubtopologyDescription.TopicInfo> topics) {
    new TreeMap<>(topics).forEach((name, topic) -> System.out.println(
        prefix + name + " " + topic.partitions() + " " + topic.replicationFactor() + " "
            + new TreeMap<>(topic.topicConfigs())));
  }
}
