/**
 * Whether sockets belong on the thread that processes, or on a worker that hands frames over in shared memory. A process serves
 * record batches of 1 MiB over a socket, as a broker answers fetches. They are received on the main thread, or by a worker into a ring
 * in a SharedArrayBuffer, and are processed on the main thread: checksum and walk over the records (light), and JSON.parse of each
 * value (heavy). Both ways take turns; compare them within one run.
 *
 *   node --conditions=millrace-source bench/micro/socket-thread.ts [rounds] [MiB]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { BatchCursor, NO_HEADERS, readBatchHeader, RecordBatchBuilder, seededRandom, validateCrc } from '@millrace/core'

const SELF = fileURLToPath(import.meta.url)
const FRAME_BYTES = 1 << 20
const SLOTS = 8
const FREE = 0
const FULL = 1

interface Ring {
  readonly states: Int32Array
  readonly lengths: Int32Array
  readonly bytes: SharedArrayBuffer
}

type Take = (frame: Buffer) => void

if (!isMainThread) receiveIntoRing(workerData as { readonly port: number; readonly ring: Ring })
else if (process.argv[2] === 'serve') await serve(Number(process.argv[3]))
else await compare(Number(process.argv[2] ?? 7), Number(process.argv[3] ?? 128))

async function compare(rounds: number, mib: number): Promise<void> {
  const server = fork(SELF, ['serve', String(mib)], { execArgv: process.execArgv })
  const [port] = (await once(server, 'message')) as [number]
  const jobs: readonly (readonly [string, boolean])[] = [
    ['light', false],
    ['heavy', true],
  ]
  for (const [name, parses] of jobs) {
    const found = { main: [] as Measured[], worker: [] as Measured[] }
    for (let round = 0; round < rounds; round++) {
      found.main.push(await measured(async () => take => receiveHere(port, take), parses))
      found.worker.push(await measured(() => ringReceiver(port, mib), parses))
    }
    const middle = (list: readonly Measured[], of: keyof Measured) =>
      list.map(each => each[of]).sort((a, b) => a - b)[Math.floor(list.length / 2)]!
    for (const way of ['main', 'worker'] as const) {
      const [cpu, rate] = [middle(found[way], 'cpuUs'), middle(found[way], 'perSecond')]
      console.log(
        `${name}, ${way.padEnd(6)}: ${cpu.toFixed(3)} µs of CPU a record, ${(rate / 1_000).toFixed(0)} k records/s`,
      )
    }
    const ratios = found.main.map(({ perSecond }, i) => found.worker[i]!.perSecond / perSecond).sort((a, b) => a - b)
    console.log(`${name}: worker to main, records/s, of each round: ${ratios.map(it => it.toFixed(2)).join(' ')}`)
  }
  server.kill()
}

interface Measured {
  readonly cpuUs: number
  readonly perSecond: number
}

type Receive = (take: Take) => Promise<void>

/** The start of a worker is not measured: an application starts it once. */
async function measured(prepare: () => Promise<Receive>, parses: boolean): Promise<Measured> {
  const receive = await prepare()
  let records = 0
  let sum = 0
  const began = performance.now()
  const cpu = process.cpuUsage()
  await receive(frame => {
    const header = readBatchHeader(frame, 0)
    validateCrc(frame, header)
    for (const cursor = new BatchCursor(frame, header); cursor.advance();) {
      records++
      if (!parses) continue
      const value = cursor.valueBytes.toString('latin1', cursor.valueStart, cursor.valueEnd)
      sum += (JSON.parse(value) as { readonly cents: number }).cents
    }
  })
  const { user, system } = process.cpuUsage(cpu)
  if (records === 0 || (parses && sum === 0)) throw new Error('nothing was received')
  return { cpuUs: (user + system) / records, perSecond: (records / (performance.now() - began)) * 1_000 }
}

/** The socket on this thread; a frame is received into one buffer. */
async function receiveHere(port: number, take: Take): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  const into = frames(() => Buffer.allocUnsafeSlow(FRAME_BYTES), take)
  socket.on('data', into)
  await once(socket, 'close')
}

/** The socket on a worker; frames come through the ring. */
async function ringReceiver(port: number, mib: number): Promise<Receive> {
  const ring: Ring = {
    states: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
    lengths: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
    bytes: new SharedArrayBuffer(SLOTS * FRAME_BYTES),
  }
  const worker = new Worker(SELF, { workerData: { port, ring } })
  await once(worker, 'message')
  return async take => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage('begin')
    for (let n = 0; n < mib; n++) {
      const slot = n % SLOTS
      if (Atomics.load(ring.states, slot) === FREE) await Atomics.waitAsync(ring.states, slot, FREE).value
      take(Buffer.from(ring.bytes, slot * FRAME_BYTES, ring.lengths[slot]))
      Atomics.store(ring.states, slot, FREE)
      Atomics.notify(ring.states, slot)
    }
    void worker.terminate()
  }
}

function receiveIntoRing({ port, ring }: { readonly port: number; readonly ring: Ring }): void {
  let slot = 0
  const into = frames(
    () => {
      Atomics.wait(ring.states, slot, FULL)
      return Buffer.from(ring.bytes, slot * FRAME_BYTES, FRAME_BYTES)
    },
    frame => {
      ring.lengths[slot] = frame.length
      Atomics.store(ring.states, slot, FULL)
      Atomics.notify(ring.states, slot)
      slot = (slot + 1) % SLOTS
    },
  )
  parentPort!.once('message', () => connect({ port, host: '127.0.0.1' }).on('data', into))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort!.postMessage('ready')
}

/** Puts frames with a length in front together. */
function frames(room: () => Buffer, take: Take): (piece: Buffer) => void {
  const head = Buffer.alloc(4)
  let headBytes = 0
  let frame: Buffer | undefined
  let [length, at] = [0, 0]
  return piece => {
    for (let from = 0; from < piece.length;) {
      if (frame === undefined) {
        while (headBytes < 4 && from < piece.length) head[headBytes++] = piece[from++]!
        if (headBytes < 4) return
        length = head.readInt32BE(0)
        frame = room()
        at = 0
      }
      const copied = piece.copy(frame, at, from, Math.min(piece.length, from + length - at))
      at += copied
      from += copied
      if (at < length) continue
      const whole = frame.subarray(0, length)
      frame = undefined
      headBytes = 0
      take(whole)
    }
  }
}

/** Sends `mib` batches to each connection. */
async function serve(mib: number): Promise<void> {
  const random = seededRandom(1)
  const builder = new RecordBatchBuilder({ maxBytes: FRAME_BYTES })
  for (let i = 0; ; i++) {
    const value = Buffer.from(
      JSON.stringify({ id: `order-${i}`, cents: 1 + Math.floor(random() * 1e6), status: 'paid' }),
    )
    if (!builder.append(1 + i, value, -1, -1, value, 0, value.length, NO_HEADERS)) break
  }
  const batch = Buffer.from(builder.finish())
  const head = Buffer.alloc(4)
  head.writeInt32BE(batch.length)
  const frame = Buffer.concat([head, batch])
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    let left = mib
    const more = (): void => {
      while (left > 0) {
        left--
        if (!socket.write(frame)) return void socket.once('drain', more)
      }
      socket.end()
    }
    more()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send!((server.address() as AddressInfo).port)
}
