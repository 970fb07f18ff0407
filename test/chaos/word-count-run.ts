import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isMillraceError, seededRandom } from '@millrace/core'
import { startKafka } from '@millrace/dev-kafka'
import { KafkaProxy } from '@millrace/testing/kafka-proxy'
import { wordCountApplication } from '../e2e/word-count/application.ts'
import { zipfText } from '../e2e/word-count/text.ts'
import { brokerLosses, skippedMarkers } from './broker-losses.ts'
import { keepEvidence } from './evidence.ts'
import { checkedHistory } from './history-check.ts'
import { history } from './history.ts'
import { QUICK_LEADERS } from './leader-rotation.ts'
import { networkTrouble } from './network.ts'
import { workerSlots } from './slots.ts'
import { steadyEvents, usageMistakes } from './steady.ts'

/*
 * Word count on a real Kafka, with input that never stops, while processes are killed, stopped, frozen and
 * started and brokers are stopped, killed and started. Then the input ends, all is processed, and every count
 * must be exact (under at_least_once: none too low).
 * What happens is decided by the seed; when it meets what, by the machine.
 *
 * With --network a proxy between the processes and the brokers also cuts, delays, swallows and repeats chosen requests.
 *
 * With --steady no process is touched: the load is the same all the time, all leaders move each minute, a broker is restarted each
 * five minutes, and at the end no process may use more memory or more handles than at the beginning.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    brokers: { type: 'string', default: '1' },
    workers: { type: 'string', default: '3' },
    guarantee: { type: 'string', default: 'exactly_once' },
    'broker-stops': { type: 'string', default: 'both' },
    network: { type: 'boolean', default: false },
    protocol: { type: 'string', default: 'classic' },
    steady: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed)
const brokers = Number(values.brokers)
const { guarantee, protocol } = values
if (
  !['both', 'orderly'].includes(values['broker-stops']) ||
  !(minutes > 0) ||
  (values.steady && brokers !== 3) ||
  (brokers !== 1 && brokers !== 3) ||
  !isGuarantee(guarantee) ||
  (protocol !== 'classic' && protocol !== 'streams')
) {
  console.error(
    'usage: npm run chaos -- [--minutes M] [--seed N] [--brokers 1|3] [--workers W] [--guarantee G] [--protocol classic|streams]\n' +
      '                         [--broker-stops both|orderly] [--network] [--verbose]\n' +
      '       npm run chaos -- --steady --brokers 3 [--minutes M] …',
  )
  process.exit(2)
}

const groupProtocol = protocol

const DRAIN_MS = 180_000
/** Whatever hangs: nothing lasts longer than this. */
const LIMIT_MS = minutes * 60_000 + DRAIN_MS + 180_000
const LINES_EVERY_MS = 50
/** Of a steady load, in each of these intervals. */
const STEADY_WORDS = 60

const random = seededRandom(seed)
const upTo = (n: number) => Math.floor(random() * n)
const between = (least: number, most: number) => least + upTo(most - least + 1)
const chance = (probability: number) => random() < probability

console.log(
  `${values.steady ? 'steady load' : 'chaos'} for ${minutes} minutes, ${brokers} brokers, ${values.workers} workers, ${guarantee}, ${protocol} protocol: --seed ${seed}`,
)
const { say } = history()
const watchdog = globalThis.setTimeout(() => {
  say(`FAILURE: not done after ${LIMIT_MS} ms`)
  process.exit(1)
}, LIMIT_MS)
const kafka = await startKafka({ from: 'jvm', brokers, config: values.steady ? QUICK_LEADERS : {} })
const name = `chaos-${seed}-${Date.now().toString(36)}`
const proxy = values.network ? await KafkaProxy.start({ brokers: kafka.brokers, seed }) : undefined
const application = await wordCountApplication({
  brokers: kafka.brokers,
  through: proxy?.brokers ?? kafka.brokers,
  guarantee,
  name,
  groupProtocol,
})
const slots = workerSlots(application, Number(values.workers), { say })
let ending = false
/** Brokers that are away, and who brings them back. */
const away = new Map<number, Promise<void>>()
let lines = 0

async function feed(): Promise<void> {
  for (let part = 0; !ending; part++) {
    const text = zipfText(values.steady ? STEADY_WORDS : between(100, 1_500), seed + part).lines
    try {
      await application.feed(text)
      lines += text.length
    } catch (error) {
      // No broker for a long time. What counts is what the topic holds in the end.
      if (!isMillraceError(error, 'retriable')) throw error
      say(`not all lines were written: ${error.code}`)
    }
    await setTimeout(LINES_EVERY_MS)
  }
}

async function worker(): Promise<void> {
  const slot = slots.names[upTo(slots.names.length)]!
  const back = between(0, 3_000)
  const fresh = chance(0.25)
  const kind = upTo(3)
  if (kind === 0) await slots.kill(slot)
  else if (kind === 1) await slots.stop(slot)
  // The session lasts 6 s: some come back as members, some find their tasks given away.
  else return slots.freeze(slot, between(1_000, 12_000))
  await setTimeout(back)
  slots.start(slot, { fresh: fresh && kind === 0 })
}

async function broker(): Promise<void> {
  const id = kafka.brokerIds[upTo(kafka.brokerIds.length)]!
  const coin = chance(0.5)
  const orderly = values['broker-stops'] === 'both' ? coin : values['broker-stops'] === 'orderly'
  const back = between(500, 6_000)
  if (away.size > 0) return
  say(`${orderly ? 'stop' : 'kill -9'} broker ${id}`)
  const returning = (async () => {
    await (orderly ? kafka.stopBroker(id) : kafka.killBroker(id))
    await setTimeout(back)
    await kafka.startBroker(id)
    say(`broker ${id} is back`)
    away.delete(id)
  })()
  away.set(id, returning)
  await returning
}

function isGuarantee(text: string): text is 'exactly_once' | 'at_least_once' {
  return text === 'exactly_once' || text === 'at_least_once'
}

/** Losses that the broker's log and the partitions themselves show to be its own. */
async function ofTheBroker(exact: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, string>> {
  const skipped = skippedMarkers(kafka.logs())
  say(`the brokers have left out markers ${skipped.length} times`)
  return brokerLosses(skipped, await application.missing(exact), await application.hiddenWords())
}

/** What the history of topics, offsets and stores shows, without what the broker has lost. @param losses by word */
async function anomalies(losses: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const { anomalies: found, seen } = await checkedHistory(application, {
    states: slots.states,
    guarantee: guarantee === 'exactly_once' ? 'exactly_once' : 'at_least_once',
  })
  const skipped = skippedMarkers(kafka.logs()).flatMap(({ partitions }) => partitions)
  const isOfTheBroker = (what: string) =>
    [...losses.keys()].some(word => what.includes(`"${word}"`)) || skipped.some(name => what.includes(`${name}, `))
  const own: string[] = []
  for (const { name: anomaly, what } of found) {
    const text = `${anomaly}: ${what}`
    if (isOfTheBroker(what)) say(`THE BROKER'S OWN (KAFKA-20734): ${text}`)
    else own.push(text)
  }
  if (found.length === 0) say(`no anomaly in ${seen}`)
  return own
}

function disturb(): Promise<void> {
  if (proxy !== undefined && chance(0.6)) return networkTrouble(proxy, groupProtocol, between, { say })
  return chance(0.3) ? broker() : worker()
}

/** Processes and brokers come and go, until the time is over or something has failed. */
async function disorder(): Promise<void> {
  const underWay = new Set<Promise<void>>()
  const until = Date.now() + minutes * 60_000
  while (Date.now() < until && slots.failures.length === 0) {
    await setTimeout(between(1_000, 8_000))
    const action = disturb().finally(() => underWay.delete(action))
    underWay.add(action)
  }
  await Promise.all(underWay)
  proxy?.heal()
}

/** Ends with an exit status: 0 when every count is exact and every process did what it was told. */
async function run(): Promise<number> {
  for (const slot of slots.names) slots.start(slot, { fresh: true })
  const fed = feed()
  // Awaited at the end of the input; until then a failure must not end this process, which would leave no logs.
  fed.catch(() => undefined)
  if (values.steady) {
    const failed = () => slots.failures.length > 0
    await steadyEvents({ kafka, forMs: minutes * 60_000, history: { say }, failed })
  } else await disorder()
  say('the input ends')
  ending = true
  await fed
  for (const slot of slots.names) slots.start(slot, { fresh: false })
  await application.drained(DRAIN_MS)
  say(`all ${lines} lines are processed`)
  const grown = values.steady ? usageMistakes(application.group.workers, { say }) : []
  for (const slot of slots.names) await slots.stop(slot)
  const exact = await application.countsOfInput()
  const all = await application.mistakes(exact)
  const losses = all.length === 0 ? new Map<string, string>() : await ofTheBroker(exact)
  const mistakes = [...grown]
  for (const mistake of all) {
    const [word, why] = [...losses].find(([lost]) => mistake.startsWith(`"${lost}" is `)) ?? []
    if (word === undefined) mistakes.push(mistake)
    else say(`THE BROKER'S OWN (KAFKA-20734): ${mistake}; ${why}`)
  }
  if (!values.steady) mistakes.push(...(await anomalies(losses)))
  for (const mistake of mistakes.slice(0, 30)) say(`FAILURE: ${mistake}`)
  for (const failure of slots.failures) console.log(failure)
  if (mistakes.length + slots.failures.length > 0) return 1
  const words = [...exact.values()].reduce((sum, count) => sum + count, 0)
  say(`${guarantee === 'exactly_once' ? 'exact' : 'none too low'}: ${words} words, ${exact.size} different ones`)
  return 0
}

let status = 1
try {
  status = await run()
} catch (error) {
  say('FAILURE: the run itself')
  console.log(error)
} finally {
  if (status !== 0 || values.verbose) console.log(application.group.log())
  if (status !== 0) say(`logs, segments and requests are kept in ${await keepEvidence(kafka, proxy, name)}`)
  if (status !== 0)
    console.log(
      `to repeat: npm run chaos -- --minutes ${minutes} --brokers ${brokers} --guarantee ${guarantee} --protocol ${protocol} --seed ${seed}${values.steady ? ' --steady' : ''}${values.network ? ' --network' : ''}`,
    )
  await application[Symbol.asyncDispose]()
  await proxy?.close()
  await kafka.stop()
  clearTimeout(watchdog)
}
process.exit(status)
