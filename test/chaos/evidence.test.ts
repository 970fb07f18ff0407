import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keepEvidence } from './evidence.ts'

it("keeps the brokers' logs, the requests, and the segments of the topics of a run and of Kafka itself", async () => {
  const data = await mkdtemp(join(tmpdir(), 'millrace-brokers-'))
  for (const partition of ['run-out-0', 'another-0', '__consumer_offsets-7', '__transaction_state-1']) {
    await mkdir(join(data, partition))
    for (const file of ['00000000000000000000.log', '00000000000000000000.index', 'leader-epoch-checkpoint']) {
      await writeFile(join(data, partition, file), `${partition} ${file}`)
    }
  }
  const request = { api: 'EndTxn', at: 5 }
  const kafka = { logs: () => 'the brokers say', dataDirectories: new Map([[2, data]]) }
  const kept = await keepEvidence(kafka, { requests: () => [request] as never }, 'run-')
  expect(await readFile(join(kept, 'brokers.log'), 'utf8')).toBe('the brokers say')
  expect(await readFile(join(kept, 'requests.jsonl'), 'utf8')).toBe('{"api":"EndTxn","at":5}\n')
  const segments = join(kept, 'segments', 'broker-2')
  expect((await readdir(segments)).toSorted()).toEqual(['__consumer_offsets-7', '__transaction_state-1', 'run-out-0'])
  const files = await readdir(join(segments, 'run-out-0'))
  expect(files.toSorted()).toEqual(['00000000000000000000.log', 'leader-epoch-checkpoint'])
  expect(await readFile(join(segments, 'run-out-0', files[0]!), 'utf8')).toBe(`run-out-0 ${files[0]}`)
  for (const directory of [data, kept]) await rm(directory, { recursive: true })
})
