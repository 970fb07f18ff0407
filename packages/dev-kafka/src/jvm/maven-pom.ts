/**
 * The project that Maven resolves to the broker's jars. slf4j-simple writes the broker's log to stderr, which is all the
 * logging that a test broker needs; 1.7 is the slf4j that every supported Kafka is built against.
 */
export function brokerPom(release: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev-kafka</groupId>
  <artifactId>broker</artifactId>
  <version>${release}</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${release}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`
}
