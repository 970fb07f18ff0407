import { sharedKafka } from '@millrace/dev-kafka'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientUnderTest } from '../client-under-test.ts'
import { releaseLimit, skipWithoutStreamsGroups } from '../../release-limits.ts'
import { missingJavaTools } from '../../differential/missing-java-tools.ts'
import { eventually, type TopicIo, topicIo } from '../../topic-io.ts'
import type { Application, ApplicationOptions } from './application.ts'
import { parts } from './inputs.ts'
import { startJava } from './java-application.ts'
import { startMillrace } from './millrace-application.ts'
import { INPUTS, OUTPUTS } from './shop.ts'

const missing = process.env['CI'] === undefined ? await missingJavaTools() : undefined
if (missing !== undefined) console.log(`skipped: ${missing}, so Kafka Streams cannot be run`)

/** Against hanging only. */
const HANGS_MS = 900_000
const LIMIT_MS = 300_000
let brokers: string
let io: TopicIo

beforeAll(async () => {
  ;({ brokers } = await sharedKafka())
  io = topicIo(clientUnderTest(brokers))
})

afterAll(() => io[Symbol.asyncDispose]())

/** The shop's topics, with something in them. */
async function newShop(name: string): Promise<ApplicationOptions> {
  for (const topic of [...INPUTS, ...OUTPUTS]) await io.createTopic(`${name}-${topic}`, 1)
  for (const topic of INPUTS) await io.produce(`${name}-${topic}`, parts(1, 1)[0]![topic])
  return { brokers, applicationId: name, inputs: name, guarantee: 'at_least_once', caching: false }
}

/** It is in its group, and has committed. */
async function atWork({ applicationId }: ApplicationOptions, application: Application): Promise<void> {
  const left = async () => {
    application.check()
    return await io.unprocessed(applicationId, `${applicationId}-clicks`)
  }
  await eventually(`${applicationId} works`, LIMIT_MS, left, count => count === 0)
}

/** What it ends with by itself. */
async function failureOf(application: Application): Promise<unknown> {
  const look = async (): Promise<unknown> => {
    try {
      application.check()
      return undefined
    } catch (error) {
      return error
    }
  }
  return await eventually('it ends', LIMIT_MS, look, failure => failure !== undefined)
}

describe.skipIf(missing !== undefined)('Kafka Streams and Millrace in one group', () => {
  it.for(['classic', 'streams'] as const)(
    'Millrace says what is wrong, and Kafka Streams (group.protocol %s) goes on until it leaves',
    { timeout: HANGS_MS },
    async (groupProtocol, context) => {
      skipWithoutStreamsGroups(context, groupProtocol)
      const options = await newShop(`shared-${groupProtocol}-${Date.now().toString(36)}`)
      const java = await startJava(options, { groupProtocol })
      try {
        await atWork(options, java)
        await expect(startMillrace(options)).rejects.toMatchObject({
          code: 'MILLRACE_GROUP_INCOMPATIBLE',
          message: expect.stringContaining(options.applicationId),
        })
        const again = parts(2, 1)[0]!.clicks
        await io.produce(`${options.inputs}-clicks`, again)
        await atWork(options, java)
      } finally {
        await java.close()
      }
      if (groupProtocol === 'streams' && releaseLimit('converting groups') !== undefined) {
        await expect(startMillrace(options)).rejects.toMatchObject({ code: 'MILLRACE_GROUP_INCOMPATIBLE' })
        return
      }
      const millrace = await startMillrace(options)
      try {
        await io.produce(`${options.inputs}-clicks`, parts(3, 1)[0]!.clicks)
        await atWork(options, millrace)
      } finally {
        await millrace.close()
      }
    },
  )

  it(
    'Kafka Streams is refused where Millrace is, and Millrace goes on',
    async () => {
      const options = await newShop(`shared-millrace-${Date.now().toString(36)}`)
      const millrace = await startMillrace(options)
      try {
        await atWork(options, millrace)
        const java = await startJava(options)
        expect(await failureOf(java)).toMatchObject({ message: expect.stringContaining('InconsistentGroupProtocol') })
        await expect(java.close()).rejects.toThrow('InconsistentGroupProtocol')
        await io.produce(`${options.inputs}-clicks`, parts(2, 1)[0]!.clicks)
        await atWork(options, millrace)
      } finally {
        await millrace.close()
      }
    },
    HANGS_MS,
  )
})
