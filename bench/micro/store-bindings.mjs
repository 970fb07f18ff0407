/**
 * Compares native key-value bindings for Node on what a store backend does. The candidates are no dependencies: install them
 * anywhere and name the folder.
 *
 *   npm install --prefix <folder> rocksdb-native rocksdb @nxtedition/rocksdb lmdb classic-level
 *   node bench/micro/store-bindings.mjs <folder>
 *
 * Numbers of one run compare with each other; those of two runs on a busy machine do not. "JS" is the part of the time in
 * which the event loop could do nothing else.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { candidates } from './store-candidates.mjs'

const ENTRIES = 200_000
const BATCH = 10_000
const ROUNDS = 3

const keyOf = number => {
  const key = Buffer.alloc(16)
  // Scattered, so that neither puts nor gets go in key order.
  key.writeUInt32BE(Math.imul(number, 0x9e3779b1) >>> 0)
  key.writeUInt32BE(number, 12)
  return key
}

async function measure(operations, work) {
  const before = performance.eventLoopUtilization()
  const start = performance.now()
  await work()
  // Time on the loop is only added up when a turn ends.
  await new Promise(setImmediate)
  const elapsed = performance.now() - start
  const { active } = performance.eventLoopUtilization(before)
  return { microseconds: (elapsed * 1000) / operations, js: (Math.min(active, elapsed) * 1000) / operations }
}

/** The quickest of some rounds: what other work on the machine disturbed least. */
async function best(operations, work) {
  let found
  for (let round = 0; round < ROUNDS; round++) {
    const figure = await measure(operations, () => work(round))
    if (found === undefined || figure.microseconds < found.microseconds) found = figure
  }
  return found
}

async function measureCandidate(db) {
  const keys = Array.from({ length: ENTRIES }, (_, number) => keyOf(number))
  const values = keys.map((_, number) => Buffer.alloc(16, number))
  const slice = (list, round, count) => {
    return Array.from({ length: count }, (_, index) => list[(round * 65_537 + index * 7) % ENTRIES])
  }

  const put = await best(ENTRIES, async () => {
    for (let at = 0; at < ENTRIES; at += BATCH)
      await db.putMany(keys.slice(at, at + BATCH), values.slice(at, at + BATCH))
  })
  const get = await best(3000, async round => {
    for (const key of slice(keys, round, 3000)) await db.get(key)
  })
  const parallel = await best(20_000, async round => {
    const wanted = slice(keys, round, 20_000)
    for (let at = 0; at < wanted.length; at += 100)
      await Promise.all(wanted.slice(at, at + 100).map(key => db.get(key)))
  })
  const many = await best(4 * BATCH, async round => {
    for (let batch = 0; batch < 4; batch++) {
      const found = await db.getMany(slice(keys, round * 4 + batch, BATCH))
      if (found.some(value => value?.length !== 16)) throw new Error(`${db.name} lost a value`)
    }
  })
  const { getSync } = db
  const sync =
    getSync === undefined ? undefined : await best(20_000, round => slice(keys, round, 20_000).forEach(getSync))
  const iterate = await best(ENTRIES / 2, async () => {
    const count = await db.iterate(ENTRIES / 2)
    if (count !== ENTRIES / 2) throw new Error(`${db.name} iterated over ${count}`)
  })
  return {
    'put, batches of 10 k': put,
    'get one by one': get,
    'get, 100 at once': parallel,
    'get many, 10 k': many,
    'get sync': sync,
    iterate,
  }
}

function cell(figure) {
  if (figure === undefined) return '–'
  const perSecond = Math.round(1000 / figure.microseconds)
  return `${figure.microseconds.toFixed(1)} µs (${figure.js.toFixed(1)} JS), ${perSecond} k/s`
}

const from = createRequire(join(resolve(process.argv[2] ?? '.'), 'index.js'))
const table = {}

for (const candidate of candidates) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bindings-'))
  try {
    const db = await candidate.open(from, directory)
    table[candidate.name] = Object.fromEntries(
      Object.entries(await measureCandidate(db)).map(([name, figure]) => [name, cell(figure)]),
    )
    await db.close()
  } catch (error) {
    table[candidate.name] = { 'put, batches of 10 k': `not measured: ${String(error).split('\n', 1)[0]}` }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const columns = [...new Set(Object.values(table).flatMap(Object.keys))]
console.log(`| binding | ${columns.join(' | ')} |\n|---|${columns.map(() => '---').join('|')}|`)
for (const [name, row] of Object.entries(table)) {
  console.log(`| ${name} | ${columns.map(column => row[column] ?? '–').join(' | ')} |`)
}
