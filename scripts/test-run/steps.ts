import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Need } from './surroundings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Step {
  readonly name: string
  readonly what: string
  /** Arguments for node. */
  readonly args: readonly string[]
  /** Shows its output as it comes, and writes a tally of its own. */
  readonly isVitest: boolean
  readonly needs: Need | undefined
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Filters of vitest where none are given. */
  readonly files?: readonly string[]
  /** After that the step is ended and has failed. */
  readonly limitMs: number
}

/**
 * The applications in which a client matters most: groups that change, restarts, transactions, brokers that go. `npm run
 * client-versions` runs all of them over kafkajs.
 */
const KAFKAJS_APPLICATIONS = [
  'test/e2e/broker-down',
  'test/e2e/java-takeover/crash',
  'test/e2e/java-takeover/shared-group',
  'test/e2e/restart',
  'test/e2e/rolling-upgrade',
  'test/e2e/scaling',
  'test/e2e/shutdown',
  'test/e2e/topic-patterns',
  'test/e2e/word-count',
]

/** All of the test command, cheap and telling steps first. */
export const STEPS: readonly Step[] = [
  check('types', 'TypeScript, type tests included', bin('typescript', 'tsc'), '-b'),
  check('lint', 'oxlint with type-aware rules', bin('oxlint'), '--type-aware', '--deny-warnings'),
  check('format', 'oxfmt', bin('oxfmt'), '--check'),
  check('boundaries', 'direction of dependencies, no cycles', ...file('scripts/check-boundaries.ts')),
  check('knip', 'nothing unused, nothing undeclared', bin('knip'), '--no-config-hints'),
  check('lockfile', 'the lockfile names no registry', ...file('scripts/check-lockfile.ts')),
  check('packages', 'what would be published works for a user', ...file('scripts/check-packages.ts')),
  tests('unit', 'unit tests and properties'),
  tests('conformance', 'every adapter that needs no broker against the contract of its port'),
  check(
    'simulation',
    'random faults and kills on the Kafka in memory',
    ...file('test/simulation/run.ts'),
    '--seed',
    '1',
    '--runs',
    '200',
  ),
  {
    ...check(
      'mutants',
      'the simulation notices each of the broken runtimes in its list',
      ...file('test/simulation/run-mutants.ts'),
    ),
    limitMs: 1_200_000,
  },
  {
    ...check(
      'differential',
      'random topologies beside Kafka Streams',
      ...file('test/differential/run.ts'),
      '--seed',
      '1',
      '--cases',
      '300',
    ),
    needs: 'java',
  },
  {
    ...check(
      'schemas',
      "random Avro schemas and data beside Java's Avro",
      ...file('test/schemas/run.ts'),
      '--seed',
      '1',
      '--cases',
      '300',
    ),
    needs: 'java',
  },
  {
    ...check(
      'protobuf',
      "random .proto files beside protoc, their messages beside Google's Java runtime",
      ...file('test/schemas/run.ts'),
      '--format',
      'protobuf',
      '--seed',
      '1',
      '--cases',
      '60',
    ),
    needs: 'java',
  },
  check(
    'json-schema',
    'the official test suite of JSON Schema',
    ...file('test/schemas/run.ts'),
    '--format',
    'json-schema',
  ),
  {
    ...check('speed', 'three workloads are not far slower than recorded', ...file('bench/run.ts'), '--quick'),
    needs: 'kafka',
  },
  { ...tests('e2e', 'clients and whole applications on a real Kafka'), needs: 'kafka' },
  {
    ...tests('e2e', 'whole applications over kafkajs'),
    name: 'e2e-kafkajs',
    env: { MILLRACE_TEST_CLIENT: 'kafkajs' },
    files: KAFKAJS_APPLICATIONS,
    needs: 'kafka',
  },
]

function check(name: string, what: string, ...args: string[]): Step {
  return { name, what, args, isVitest: false, needs: undefined, limitMs: 600_000 }
}

function tests(project: string, what: string): Step {
  const args = [
    bin('vitest'),
    'run',
    '--project',
    project,
    '--reporter=default',
    `--reporter=${join(root, 'scripts/test-run/tally-reporter.ts')}`,
  ]
  return { name: project, what, args, isVitest: true, needs: undefined, limitMs: 2_400_000 }
}

/** A program of this repository, run from its sources. */
function file(path: string): string[] {
  return ['--conditions=millrace-source', join(root, path)]
}

/** The file behind a command of a devDependency: works the same on every system, without a shell. */
function bin(packageName: string, command = packageName): string {
  const directory = join(root, 'node_modules', packageName)
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>
  }
  return join(directory, typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[command]!)
}
