import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildMavenProject } from '../../scripts/maven-project.ts'
import { isRunnable, type RunnableWorkload, type Workload } from './workload.ts'

const SOURCES = fileURLToPath(new URL('../java/', import.meta.url))

/**
 * Puts the Java statements of all workloads into one class, and compiles it together with `bench/java`.
 *
 * @returns the class path
 * @throws when `mvn` is missing or a workload does not compile
 */
export async function buildJava(workloads: readonly Workload[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-java-'))
  try {
    await cp(SOURCES, directory, { recursive: true })
    await writeFile(
      join(directory, 'src/main/java/millrace/bench/Workloads.java'),
      workloadsClass(workloads.filter(isRunnable)),
    )
    return await buildMavenProject(`${directory}/`, 'millrace-bench')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function workloadsClass(workloads: readonly RunnableWorkload[]): string {
  const methods = workloads.map(
    ({ topology }, index) => `  private void workload${index}(StreamsBuilder builder) {${topology.java}}\n`,
  )
  const cases = workloads.map(({ id }, index) => `      case "${id}" -> workload${index}(builder);`)
  return `// Written by bench/compare/java-project.ts from bench/workloads/.
package millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.*;
import org.apache.avro.Schema;
import org.apache.avro.generic.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.state.*;

final class Workloads extends Snippets {
  Workloads(Map<String, String> inputs, String output) {
    super(inputs, output);
  }

  @Override
  void build(String workload, StreamsBuilder builder) {
    switch (workload) {
${cases.join('\n')}
      default -> throw new IllegalArgumentException(workload);
    }
  }

${methods.join('\n')}}
`
}
