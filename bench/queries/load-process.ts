/** Reads keys over HTTP, each connection one after the other, until it is told to stop: the process of `load.ts`. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { seededRandom } from '@millrace/core'
import { quantile } from '../compare/statistics.ts'
import type { LoadCommand, LoadResult, LoadSettings } from './load.ts'

const settings = JSON.parse(process.argv[2]!) as LoadSettings
const { path, keys, connections } = settings
const { hostname, port } = new URL(settings.url)
const random = seededRandom(11)
/** The final answer to each key. */
const [finals] = (await once(process, 'message')) as [readonly string[]]
const counts = finals.map(countIn)

let began = performance.now()
let latencies: number[] = []
let wrong: string[] = []
/** The input is processed: only the final answer is right. */
let isFinal = false
let stopped = false

process.on('message', (command: LoadCommand) => {
  if (command === 'stop') {
    stopped = true
    return
  }
  if (command === 'report') {
    process.send!(result())
    return
  }
  if (command === 'final') isFinal = true
  began = performance.now()
  latencies = []
})
process.on('disconnect', () => process.exit(3))
const sockets = await Promise.all(Array.from({ length: connections }, open))
process.send!('connected')
await Promise.all(sockets.map(readUntilStopped))
process.disconnect()

async function open(): Promise<Socket> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Without an HTTP client: the load must cost less than what it loads. */
async function readUntilStopped(socket: Socket): Promise<void> {
  const ended = Promise.withResolvers<void>()
  const tail = ` HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`
  let key = 0
  let asked = 0
  let received = ''
  const ask = () => {
    key = Math.floor(random() * keys)
    asked = performance.now()
    received = ''
    socket.write(`GET ${path}user-${key}${tail}`)
  }
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
    const answer = wholeAnswer(received)
    if (answer === undefined) return
    // What was asked before the period began belongs to none.
    if (asked >= began) {
      latencies.push(performance.now() - asked)
      check(key, answer)
    }
    if (stopped) socket.end(() => ended.resolve())
    else ask()
  })
  socket.on('error', ended.reject)
  socket.on('close', () => (stopped ? ended.resolve() : ended.reject(new Error('the server closed a connection'))))
  ask()
  await ended.promise
}

interface HttpAnswer {
  readonly status: number
  readonly body: string
}

function wholeAnswer(text: string): HttpAnswer | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)
  if (length === null || length.index >= head) throw new Error(`an answer has no content-length: ${text}`)
  const body = text.slice(head + 4)
  return body.length < Number(length[1]) ? undefined : { status: Number(text.slice(9, 12)), body }
}

/** Before the input is processed, a key may be unknown, and its count is at most the final one. */
function check(key: number, { status, body }: HttpAnswer): void {
  const final = finals[key]!
  const isRight = isFinal
    ? (status === 404 && final === '') || (status === 200 && body === final)
    : status === 404 || (status === 200 && countIn(body) > 0 && countIn(body) <= counts[key]!)
  if (!isRight) wrong.push(`user-${key}: ${status} ${body}, and not ${final}`)
}

function countIn(body: string): number {
  return Number(/"\$bigint":"(\d+)"/.exec(body)?.[1] ?? 0)
}

function result(): LoadResult {
  const seconds = (performance.now() - began) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => (sorted.length === 0 ? Number.NaN : quantile(sorted, share))
  const taken = wrong
  wrong = []
  return { reads: sorted.length / seconds, p50: at(0.5), p99: at(0.99), wrong: taken.length, example: taken[0] }
}
