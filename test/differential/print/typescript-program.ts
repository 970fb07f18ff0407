import type { Case } from '../compare-case.ts'
import type { RunInput } from '../java-peer.ts'
import type { StepId, TopologySpec } from '../spec.ts'
import { calledAs, typescriptSource, usedFunctions } from './functions.ts'
import { type KeyKind, kindsOf } from './kinds.ts'
import { quoted } from './source-text.ts'
import { typescriptStep } from './typescript-steps.ts'

/** A case as a program of Millrace's. It runs as it stands, in this repository: `node --conditions=millrace-source FILE`. */
export function typescriptProgram(whole: Case): readonly string[] {
  const build = typescriptTopology(whole.topology)
  const inner = [...build, ...typescriptRun(whole)].join('\n')
  const names = (from: readonly string[]): readonly string[] =>
    from.filter(name => new RegExp(`(?<![\\w.])${name}\\(`).test(inner) || inner.includes(`new ${name}(`))
  const others = names(['text', 'ownStore', 'processor', 'fixedKeyProcessor', 'countingTransformer', 'upperGlobal'])
  return [
    `import { ${names(CORE).join(', ')} } from '@millrace/core'`,
    "import { TopologyTestDriver } from '@millrace/testing'",
    ...(whole.rocksdb === true
      ? [
          "import { mkdtempSync } from 'node:fs'",
          "import { tmpdir } from 'node:os'",
          "import { rocksdb } from '@millrace/store-rocksdb'",
        ]
      : []),
    ...(others.includes('text') ? ["import { text } from './catalogue.ts'"] : []),
    ...imported('./interpret/processors.ts', others, ['ownStore', 'processor', 'fixedKeyProcessor', 'upperGlobal']),
    ...imported('./interpret/tables.ts', others, ['countingTransformer']),
    '',
    ...build,
    '',
    ...typescriptRun(whole),
  ]
}

const CORE = [
  ...['StreamsBuilder', 'bytes', 'string', 'long', 'timeWindowed', 'sessionWindowed', 'keyValueStore', 'joinWindows'],
  ...['tumbling', 'hopping', 'sliding', 'sessions', 'unlimited'],
]

/** The part that makes `builder`. */
export function typescriptTopology(topology: TopologySpec): readonly string[] {
  const kinds = kindsOf(topology)
  const known = (id: StepId) => {
    const { key, value } = kinds.get(id) ?? { key: 'string', value: 'string' }
    return { key: keySerde(key), value: `${value}()` }
  }
  return [
    ...usedFunctions(topology).map(used => `const ${calledAs(used)} = ${typescriptSource(used)}`),
    ...(topology.length === 0
      ? []
      : HELPERS.filter(line => usedFunctions(topology).map(typescriptSource).some(line.usedIn))
    ).map(({ source }) => source),
    'const builder = new StreamsBuilder()',
    ...topology.flatMap(step => typescriptStep(step, { topology, known })),
  ]
}

/** What functions of the catalogue call. */
const HELPERS = [
  { usedIn: (source: string) => source.includes('last('), source: 'const last = grown => grown.slice(-40)' },
  {
    usedIn: (source: string) => /\bwords\(/.test(source),
    source: "const words = line => line.split(' ').filter(word => word !== '')",
  },
  {
    usedIn: (source: string) => source.includes('asciiUpper('),
    source: 'const asciiUpper = mixed => mixed.replace(/[a-z]+/g, letters => letters.toUpperCase())',
  },
]

function typescriptRun(whole: Case): readonly string[] {
  const { inputs, caching, optimization, repartitionAfterProcess = false, commits = 'each' } = whole
  const options = [
    ...(optimization.length === 0 ? [] : [`optimization: [${optimization.map(quoted).join(', ')}]`]),
    ...(repartitionAfterProcess ? ['repartitionAfterProcess: true'] : []),
  ]
  const topics = [...new Set(inputs.flatMap(input => ('topic' in input ? [input.topic] : [])))]
  return [
    `const plan = builder.build(${options.length === 0 ? '' : `{ ${options.join(', ')} }`})`,
    'await using driver = await TopologyTestDriver.create(plan, {',
    `  applicationId: 'app', initialWallClockMs: 0,${caching ? '' : " caching: 'off',"}`,
    ...(whole.emitIntervalMs === undefined ? [] : [`  emitIntervalMs: ${whole.emitIntervalMs},`]),
    ...(commits === 'each' ? [] : ['  commitEachRecord: false, commitIntervalMs: 1e9,']),
    ...(whole.rocksdb === true
      ? ['  state: { store: rocksdb(), stateDir: mkdtempSync(`${tmpdir()}/differential-`) },']
      : []),
    '})',
    'const raw = { key: bytes(), value: bytes() }',
    'const input = topic => driver.createInputTopic(topic, { key: string(), value: string() })',
    ...(topics.length === 0 ? [] : [`for (const topic of [${topics.map(quoted).join(', ')}]) input(topic)`]),
    ...inputs.map(piped),
    ...(commits === 'each' ? [] : ['await driver.commit()']),
    'for (const topic of driver.producedTopicNames())',
    '  for (const record of driver.createOutputTopic(topic, raw).readRecordsToList())',
    '    console.log(topic, String(record.key), String(record.value), record.timestamp)',
  ]
}

function piped(input: RunInput): string {
  if ('commit' in input) return 'await driver.commit()'
  if ('advanceWallClockMs' in input) return `await driver.advanceWallClock(${input.advanceWallClockMs})`
  const headers = (input.headers ?? []).map(([name, value]) => {
    const bytesOf = value === null ? 'null' : `Buffer.from(${decoded(value)})`
    return `{ key: ${quoted(name)}, value: ${bytesOf} }`
  })
  const options = `timestamp: ${input.timestamp}${headers.length === 0 ? '' : `, headers: [${headers.join(', ')}]`}`
  return `await input(${quoted(input.topic)}).pipeInput(${decoded(input.key)}, ${decoded(input.value)}, { ${options} })`
}

function decoded(base64: string | null): string {
  return base64 === null ? 'null' : quoted(Buffer.from(base64, 'base64').toString())
}

function keySerde(key: KeyKind): string {
  if (key === 'string') return 'string()'
  const { kind = 'time', sizeMs } = key.windows
  if (kind === 'session') return `sessionWindowed(${keySerde(key.of)})`
  return `timeWindowed(${keySerde(key.of)}, { sizeMs: ${kind === 'unlimited' ? 'Infinity' : sizeMs} })`
}

function imported(path: string, used: readonly string[], offered: readonly string[]): readonly string[] {
  const names = offered.filter(name => used.includes(name))
  return names.length === 0 ? [] : [`import { ${names.join(', ')} } from '${path}'`]
}
