import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildMavenProject, jarsOf } from '../../scripts/maven-project.ts'
import { bytesOf, installedSize, installPacked } from '../../scripts/packages/packed-installation.ts'
import type { ContenderName } from './contender-names.ts'
import type { Measured } from './measured.ts'
import { KAFKA_STREAMS } from './setting.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Nothing runs, so nothing disturbs. */
const NO_NOISE = { steal: 0, foreign: 0, slowdown: 1, noisy: false }

const sizes = new Map<ContenderName, Promise<number>>()

/** The size of a contender's library on disk, in MB. It does not change, so one look is enough for all rounds. */
export async function measureInstallation(contender: ContenderName): Promise<Measured> {
  let size = sizes.get(contender)
  if (size === undefined) {
    size =
      contender === 'java'
        ? kafkaStreamsMb()
        : millraceMb(contender === 'kafkajs' ? ['millrace', 'kafkajs'] : ['millrace'])
    sizes.set(contender, size)
  }
  return { value: await size, noise: NO_NOISE }
}

async function millraceMb(names: readonly string[]): Promise<number> {
  const project = mkdtempSync(join(tmpdir(), 'millrace-bench-install-'))
  try {
    installPacked(ROOT, project)
    return installedSize(ROOT, names, project).megabytes
  } finally {
    rmSync(project, { recursive: true })
  }
}

/** The jars of an application that depends on kafka-streams and on nothing else. */
async function kafkaStreamsMb(): Promise<number> {
  const project = mkdtempSync(join(tmpdir(), 'millrace-bench-install-'))
  try {
    mkdirSync(join(project, 'src/main/java'), { recursive: true })
    writeFileSync(join(project, 'pom.xml'), POM)
    const jars = jarsOf(await buildMavenProject(`${project}/`, 'millrace-bench'))
    const names = readdirSync(jars)
    if (!names.some(name => name.startsWith('kafka-streams-'))) throw new Error(`there is no Kafka Streams in ${jars}`)
    return bytesOf(jars) / 1_000_000
  } finally {
    rmSync(project, { recursive: true })
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId>
  <artifactId>bench-installation</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-streams</artifactId>
      <version>${KAFKA_STREAMS}</version>
    </dependency>
  </dependencies>
</project>
`
