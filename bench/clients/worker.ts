/**
 * One client doing one thing, in a process of its own: `worker.ts CLIENT produce|consume BROKERS TOPIC RECORDS VALUE_BYTES`. Prints
 * what it cost as JSON. What runs first to warm up is not counted.
 */
import { clientNamed, PARTITIONS } from './contenders.ts'

const [, , name = '', action, brokers = '', topic = '', records = '0', valueBytes = '0'] = process.argv
const contender = await clientNamed(name, { brokers, topic, valueBytes: Number(valueBytes) })
const work = action === 'produce' ? contender.produce : contender.consume
const warm = Math.floor(Number(records) / 4 / PARTITIONS) * PARTITIONS
await work(warm)
const [cpu, began] = [process.cpuUsage(), performance.now()]
await work(Number(records))
const spent = process.cpuUsage(cpu)
const ms = performance.now() - began
process.stdout.write(
  `${JSON.stringify({ cpuUs: (spent.user + spent.system) / Number(records), perSecond: (Number(records) / ms) * 1_000 })}\n`,
)
await contender.close()
process.exit()
