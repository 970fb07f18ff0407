import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { seededRandom } from '@millrace/core'
import { type DevKafka, startKafka } from '@millrace/dev-kafka'
import { KafkaProxy } from '@millrace/testing/kafka-proxy'
import { brokerLosses, skippedMarkers } from '../broker-losses.ts'
import { jsonLines, keepEvidence } from '../evidence.ts'
import { type History, history } from '../history.ts'
import { leaderRotation, QUICK_LEADERS } from '../leader-rotation.ts'
import { type MatrixApplication, matrixApplication, PARTITIONS, SESSION_MS } from './application.ts'
import {
  type CellResult,
  nameOfSetting,
  type Selection,
  type Setting,
  tableOfCells,
  type TroubleName,
} from './cells.ts'
import type { Mistake } from './expected.ts'
import { anomaliesOf, hiddenTexts } from './history.ts'
import { watchOutputs } from './output-watch.ts'
import { type SmallDisk, smallDisk } from './small-disk.ts'
import { DO, recovered, type Scene } from './troubles.ts'

/** Records between two troubles. */
const QUIET_MS = 2_000
/** A whole setting with twelve troubles takes some minutes; what hangs ends here. */
const LIMIT_MS = 30 * 60_000

/** In streams groups a broker gives up a member, and tells members what is new, as soon as in classic groups. */
const STREAMS_SESSIONS = {
  'group.streams.session.timeout.ms': String(SESSION_MS),
  'group.streams.min.session.timeout.ms': String(SESSION_MS),
  'group.streams.heartbeat.interval.ms': '500',
  'group.streams.min.heartbeat.interval.ms': '500',
}

export interface MatrixOptions {
  readonly selection: Selection
  readonly seed: number
  readonly rounds: number
  readonly verbose: boolean
}

/** One trouble that is over. */
interface Phase {
  readonly trouble: TroubleName
  readonly from: number
  readonly to: number
  readonly failure: string | undefined
}

/** Runs each setting with all applications and all troubles, and prints the table. @returns whether everything was right */
export async function runMatrix({ selection, seed, rounds, verbose }: MatrixOptions): Promise<boolean> {
  const { say } = history()
  await using disk = await smallDisk()
  const skipped = new Map<TroubleName, string>()
  if (disk.cannotFill !== undefined && selection.troubles.includes('disk-full')) {
    skipped.set('disk-full', disk.cannotFill)
    say(`SKIPPED disk-full: ${disk.cannotFill}`)
  }
  const cells: CellResult[] = []
  for (let round = 0; round < rounds; round++) {
    for (const [index, setting] of selection.settings.entries()) {
      const number = round * selection.settings.length + index
      say(`${nameOfSetting(setting)}, round ${round + 1}`)
      const run = { setting, selection, skipped, disk, verbose, seed: seed + number }
      const ofSetting = await runSetting(run, { say })
      cells.push(...ofSetting)
      // A run takes long: what it has found is not lost when it is interrupted.
      console.log(`\n${tableOfCells(ofSetting, skipped)}\n`)
    }
  }
  if (cells.length > selection.applications.length * selection.troubles.length)
    console.log(`All rounds\n\n${tableOfCells(cells, skipped)}\n`)
  const wrong = cells.filter(({ mistakes }) => mistakes.length > 0)
  for (const { setting, trouble, application, mistakes } of wrong) {
    console.log(`WRONG: ${nameOfSetting(setting)}, ${trouble}, ${application}`)
    for (const mistake of mistakes.slice(0, 10)) console.log(`  ${mistake}`)
  }
  if (wrong.length === 0) console.log('ALL RECORDS DELIVERED')
  return wrong.length === 0 && skipped.size === 0
}

interface SettingRun {
  readonly setting: Setting
  readonly selection: Selection
  readonly skipped: ReadonlyMap<TroubleName, string>
  readonly disk: SmallDisk
  readonly seed: number
  readonly verbose: boolean
}

async function runSetting(run: SettingRun, history: History): Promise<readonly CellResult[]> {
  const { setting, selection, skipped, disk, seed } = run
  const random = seededRandom(seed)
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  const watchdog = globalThis.setTimeout(() => {
    history.say(`FAILURE: not done after ${LIMIT_MS} ms`)
    process.exit(1)
  }, LIMIT_MS)
  await using kafka = await startKafka({ from: 'jvm', brokers: 3, config: { ...QUICK_LEADERS, ...STREAMS_SESSIONS } })
  const proxy = await KafkaProxy.start({ brokers: kafka.brokers, seed })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => clearTimeout(watchdog))
  stack.defer(() => proxy.close())
  let phase: TroubleName | undefined
  const applications: MatrixApplication[] = []
  for (const application of selection.applications) {
    const name = `matrix-${seed}-${Date.now().toString(36)}-${application}`
    const mayEnd = () => phase === 'disk-full'
    const options = { brokers: kafka.brokers, through: proxy.brokers, directory: disk.directory }
    applications.push(
      stack.use(await matrixApplication({ application, setting, name, ...options, seed, history, mayEnd })),
    )
  }
  const outputs = applications.map(({ topics }) => topics.output)
  const watch = stack.use(await watchOutputs(kafka.brokers, outputs, PARTITIONS))
  const leaders = stack.use(await leaderRotation(kafka.brokers))
  const scene: Scene = { kafka, proxy, leaders, disk, watch, applications, setting, history, between }
  try {
    await begin(scene)
  } catch (error) {
    history.say(`FAILURE: ${String(error)}`)
    await keepAll(scene)
    return selection.applications.flatMap(application =>
      selection.troubles.map(trouble => {
        const mistakes = [`it did not begin: ${String(error)}`]
        return { setting, trouble, application, silentMs: undefined, mistakes }
      }),
    )
  }
  const phases: Phase[] = []
  for (const trouble of selection.troubles.filter(one => !skipped.has(one))) {
    await setTimeout(QUIET_MS)
    phase = trouble
    phases.push(await passTrouble(trouble, scene))
  }
  phase = undefined
  const found = await judge(scene)
  const cells = applications.flatMap(({ application, topics, slots }) =>
    selection.troubles.map((trouble): CellResult => {
      const one = phases.find(each => each.trouble === trouble)
      if (one === undefined) return { setting, trouble, application, silentMs: undefined, mistakes: [] }
      const own = found.get(application)!.filter(({ at }) => isOf(one, phases, at))
      const mistakes = own.map(({ what }) => what)
      if (one.failure !== undefined) mistakes.push(one.failure)
      if (one === phases[0]) mistakes.push(...slots.failures.map(failure => failure.split('\n')[0]!))
      return { setting, trouble, application, silentMs: watch.silence(topics.output, one.from, one.to), mistakes }
    }),
  )
  if (run.verbose || cells.some(({ mistakes }) => mistakes.length > 0)) await keepAll(scene)
  return cells
}

async function begin({ applications, watch, history }: Scene): Promise<void> {
  for (const application of applications) application.feed()
  const fresh = { fresh: true }
  await Promise.all(applications.flatMap(one => one.slots.names.map(slot => one.start(slot, fresh))))
  await recovered(watch)
  history.say('all applications run')
}

async function passTrouble(trouble: TroubleName, scene: Scene): Promise<Phase> {
  const { say } = scene.history
  const from = Date.now()
  say(`-- ${trouble}`)
  let failure: string | undefined
  try {
    await DO[trouble](scene)
    await recovered(scene.watch)
  } catch (error) {
    failure = String(error)
    say(`FAILURE: ${failure}`)
    // At once: the proxy remembers the last requests only.
    await keepAll(scene)
  }
  return { trouble, from, to: Date.now(), failure }
}

/** What belongs to no time belongs to each trouble, and what came in between two to the one before. */
function isOf(phase: Phase, phases: readonly Phase[], at: number | undefined): boolean {
  if (at === undefined) return true
  const next = phases[phases.indexOf(phase) + 1]
  const first = phase === phases[0]
  return (first || at >= phase.from) && (next === undefined || at < next.from)
}

/** Ends input and processes, and compares. */
async function judge({
  applications,
  setting,
  kafka,
  history,
}: Scene): Promise<ReadonlyMap<string, readonly Mistake[]>> {
  const { say } = history
  for (const one of applications) await one.endInput()
  const found = new Map<string, Mistake[]>()
  for (const one of applications) {
    const mistakes: Mistake[] = []
    found.set(one.application, mistakes)
    try {
      await one.drained()
    } catch (error) {
      mistakes.push({ what: String(error), at: undefined })
      say(`FAILURE: ${String(error)}`)
    }
  }
  await Promise.all(applications.flatMap(({ slots }) => slots.names.map(slot => slots.stop(slot))))
  const skipped = skippedMarkers(kafka.logs())
  if (skipped.length > 0) say(`the brokers have left out markers ${skipped.length} times`)
  for (const one of applications) {
    const mistakes = found.get(one.application)!
    for (const mistake of await one.mistakes()) {
      if (mistake.asInJava === undefined) mistakes.push(mistake)
      else say(`AS IN KAFKA STREAMS: ${mistake.what}: ${mistake.asInJava}`)
    }
    const { anomalies, seen } = await anomaliesOf(one, setting)
    mistakes.push(...anomalies.map(({ name, what }) => ({ what: `${name}: ${what}`, at: undefined })))
    if (mistakes.length > 0 && skipped.length > 0) {
      const own = await withoutBrokerLosses(one, mistakes, kafka, history)
      mistakes.splice(0, mistakes.length, ...own)
    }
    say(`${one.application}: ${mistakes.length === 0 ? 'right' : `${mistakes.length} WRONG`}, ${seen}`)
  }
  return found
}

/** Without losses that the broker's log and its partitions show to be its own (KAFKA-20734). */
async function withoutBrokerLosses(
  application: MatrixApplication,
  mistakes: readonly Mistake[],
  kafka: DevKafka,
  { say }: History,
): Promise<readonly Mistake[]> {
  const missing = new Map(mistakes.flatMap(one => (one.missing === undefined ? [] : [[one.missing, 1] as const])))
  const losses = brokerLosses(skippedMarkers(kafka.logs()), missing, await hiddenTexts(application))
  return mistakes.filter(({ what, missing: text }) => {
    const why = text === undefined ? undefined : losses.get(text)
    if (why !== undefined) say(`THE BROKER'S OWN (KAFKA-20734): ${what}; ${why}`)
    return why === undefined
  })
}

/** Keeps logs, topics, segments and requests, and says where. */
async function keepAll({ applications, kafka, proxy, history }: Scene): Promise<void> {
  const directory = await keepEvidence(kafka, proxy, 'matrix-')
  for (const { application, group, slots, io, topics, internalTopics } of applications) {
    await mkdir(join(directory, application))
    const file = (name: string) => join(directory, application, name)
    await writeFile(file('processes.log'), group.log())
    await writeFile(file('failures.txt'), slots.failures.join('\n\n'))
    for (const topic of [...topics.inputs, topics.output, ...(await internalTopics())]) {
      const records = await io.readAll(topic, { isolationLevel: 'read_uncommitted' })
      const shown = records.map(record => ({ ...record, key: text(record.key), value: text(record.value) }))
      await writeFile(file(`${topic}.jsonl`), jsonLines(shown))
    }
  }
  history.say(`logs, topics, segments and requests are kept in ${directory}`)
}

function text(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('latin1')
}
