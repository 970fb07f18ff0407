import { bytes, type Headers, type Plan, topicNaming } from '@millrace/core'
import type { KafkaStreamsOptions, StoredRecord } from '@millrace/runtime'
import { TopologyTestDriver } from '@millrace/testing'

export interface SliceOptions {
  readonly plan: Plan
  readonly applicationId: string
  readonly options: Partial<KafkaStreamsOptions> | undefined
  /** What the test imports, such as `./app.ts`, and the expression that gives the plan of it. */
  readonly module: string
  readonly planOf: string
  readonly topic: string
  readonly records: readonly StoredRecord[]
}

/**
 * Makes a test that pipes records into the topology and expects the output that the topology gives for them now. The records run through the
 * topology here, once, from empty stores: user functions are called.
 */
export async function sliceTest(slice: SliceOptions): Promise<string> {
  const { plan, applicationId, options, topic, records, module, planOf } = slice
  const skipsBad = options?.onBadRecord !== undefined && options.onBadRecord !== 'fail'
  const settings = {
    applicationId,
    initialWallClockMs: records[0]?.timestamp ?? 0,
    ...(skipsBad && { onBadRecord: 'continue' as const }),
  }
  const outputs = outputTopics(plan, applicationId)
  await using driver = await TopologyTestDriver.create(plan, settings)
  const raw = { key: bytes(), value: bytes() }
  await driver.createInputTopic(topic, raw).pipeRecords(records.map(inputOf))
  const expected = outputs.map(name => {
    const found = driver.createOutputTopic(name, raw).readRecordsToList()
    return [name, found.map(({ key, value, timestamp }) => [formOf(key), formOf(value), timestamp])] as const
  })
  return `// ${records.length} records of ${topic}, from partition ${records[0]?.partition ?? 0} at offset ${records[0]?.offset ?? 0}, and what the topology made of
// them when this was written, from empty stores. Run it with: node --test FILE
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import * as application from ${JSON.stringify(module)}

const raw = { key: bytes(), value: bytes() }

/** Text is written as it is, other bytes as base64. */
const encoded = part =>
  part === null ? null : typeof part === 'string' ? Buffer.from(part) : Buffer.from(part.base64, 'base64')
const shown = part => {
  if (part === null) return null
  const text = Buffer.from(part).toString()
  return Buffer.from(text).equals(Buffer.from(part)) && !/(?![\\t\\n\\r])\\p{Cc}/u.test(text)
    ? text
    : { base64: Buffer.from(part).toString('base64') }
}

const input = ${listText(records.map(({ key, value, timestamp, headers }) => [formOf(key), formOf(value), timestamp, ...headersForm(headers)]))}

const expected = {${expected.map(([name, list]) => `\n  ${JSON.stringify(name)}: ${listText(list, '  ')},`).join('')}
}

test(${JSON.stringify(`a slice of ${topic}`)}, async () => {
  await using driver = await TopologyTestDriver.create(application${planOf}, ${JSON.stringify(settings)})
  await driver.createInputTopic(${JSON.stringify(topic)}, raw).pipeRecords(
    input.map(([key, value, timestamp, headers = []]) => ({
      key: encoded(key),
      value: encoded(value),
      timestamp,
      headers: headers.map(([name, part]) => ({ key: name, value: encoded(part) })),
    })),
  )
  for (const [topic, records] of Object.entries(expected)) {
    const found = driver.createOutputTopic(topic, raw).readRecordsToList()
    assert.deepEqual(found.map(({ key, value, timestamp }) => [shown(key), shown(value), timestamp]), records, topic)
  }
})
`
}

type Form = string | null | { readonly base64: string }

/** As `shown` of the test writes it. */
function formOf(part: Uint8Array | null): Form {
  if (part === null) return null
  const given = Buffer.from(part)
  const text = given.toString()
  return Buffer.from(text).equals(given) && !/(?![\t\n\r])\p{Cc}/u.test(text)
    ? text
    : { base64: given.toString('base64') }
}

function headersForm(headers: Headers) {
  return headers.length === 0 ? [] : [headers.map(({ key, value }) => [key, formOf(value)])]
}

function inputOf({ key, value, timestamp, headers }: StoredRecord) {
  return { key, value, timestamp, headers }
}

function listText(list: readonly unknown[], indent = ''): string {
  if (list.length === 0) return '[]'
  return `[\n${list.map(each => `${indent}  ${JSON.stringify(each)},`).join('\n')}\n${indent}]`
}

/** Topics that are written and are not internal. */
function outputTopics(plan: Plan, applicationId: string): readonly string[] {
  const internal = new Set(plan.repartitionTopics.map(({ name }) => name))
  const real = topicNaming(plan, applicationId)
  const written = plan.nodes.flatMap(node =>
    node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : [],
  )
  return [...new Set(written.filter(topic => !internal.has(topic)).map(real))]
}
