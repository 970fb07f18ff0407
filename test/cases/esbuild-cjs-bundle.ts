// An application over kafkajs is bundled by esbuild into one CommonJS file, the usual way into a container image, and started.
// Takes esbuild from the project, else with npx from the registry. Needs no broker: without one, right is that it keeps trying.
// Right: it starts; or the first thing that cannot work in a bundle is a MillraceError that says so and names the remedy (the file to
//   ship beside the bundle, the package to mark as external).
// At 19161dd: esbuild warns that import.meta is empty, and start() ends with ERR_INVALID_ARG_VALUE, "The argument 'filename' must be a
//   file URL object, file URL string, or absolute path string. Received undefined" (createRequire, later also the heartbeat worker).
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { check, newDirectory } from './check.ts'

const directory = newDirectory()
const bundle = join(directory, 'app.cjs')
const app = `
import { KafkaStreams, string, StreamsBuilder } from 'millrace'
import { kafkajs } from 'millrace/kafkajs'
const builder = new StreamsBuilder()
builder.stream('case-in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
const waits = fields => { console.log('WAITS ' + fields.error?.code); process.exit() }
const logger = { debug() {}, info() {}, warn: fields => fields.error?.code === 'MILLRACE_CLIENT_UNAVAILABLE' && waits(fields), error() {} }
const streams = new KafkaStreams(builder.build(), { applicationId: 'bundled', client: kafkajs({ brokers: '127.0.0.1:1' }), logger, stateDir: ${JSON.stringify(directory)} })
streams.start().then(() => console.log('RUNS'), error => console.log(error.code, '(' + error.kind + '): ' + error.message)).finally(() => process.exit())
`
// From stdin, so that esbuild resolves millrace from the project's root.
const options = [
  '--bundle',
  '--platform=node',
  '--format=cjs',
  '--conditions=millrace-source',
  '--loader=ts',
  `--outfile=${bundle}`,
  '--log-level=error',
]
execFileSync('npx', ['--yes', 'esbuild', ...options], { input: app, stdio: ['pipe', 'ignore', 'inherit'] })
const { stdout, stderr } = spawnSync(process.execPath, [bundle], { encoding: 'utf8', timeout: 30_000 })
const seen = (stdout.trim() || stderr.trim()).split('\n')[0] ?? ''
check('the bundle', seen, (line: string) => /^(RUNS|WAITS)|^MILLRACE_\w+ \((config|topology)\).*bundle/.test(line))
process.exit()
