import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { NO_HEADERS, ManualClock } from '@millrace/core'
const clock = new ManualClock(0); const cluster = new MemoryCluster({ clock })
const c = memoryClient(cluster)({ clientId: 'x', clock, logger: { debug() {}, info() {}, warn() {}, error() {} } })
cluster.createTopic({ name: 't', partitions: 1 })
for (const txn of [false, true]) {
const p = c.producer(txn ? { transactionalId: 'a' } : {}); await p.init()
const k = c.consumer({ isolationLevel: 'read_committed' }); await k.assign([{ topic: 't', partition: 0, offset: cluster.log({topic:'t',partition:0}).highWatermark }])
const b = Buffer.from('hello world')
for (let r = 0; r < 3; r++) { const n = 50000; const t = performance.now(); let got = 0
for (let i = 0; i < n; i++) { if (txn) p.begin(); p.topic('t').append(0, 0, b, 0, 5, b, 6, 11, NO_HEADERS); await p.flush(); if (txn) await p.commit(); for (const x of await k.poll(0)) { const cu = x.cursor(); while (cu.advance()) got++ } }
console.log('txn', txn, 'single-record round trips', (n / (performance.now() - t) * 1000).toFixed(0), '/s', got) }
}
