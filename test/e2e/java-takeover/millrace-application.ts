import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafka, KafkaStreams, rocksdb, silentLogger } from 'millrace'
import { clientUnderTest } from '../client-under-test.ts'
import type { Application, ApplicationOptions } from './application.ts'
import { shop } from './shop.ts'

export interface MillraceOptions {
  /** @default 'classic' */
  readonly groupProtocol?: 'classic' | 'streams'
  /** Kept when it closes, and when its process is killed. @default one of its own, which goes with it */
  readonly stateDir?: string
}

/** The shop in Millrace, in this process. */
export async function startMillrace(
  options: ApplicationOptions,
  { groupProtocol = 'classic', stateDir: given }: MillraceOptions = {},
): Promise<Application> {
  const { brokers, applicationId, inputs, guarantee, caching } = options
  const stateDir = given ?? (await mkdtemp(join(tmpdir(), 'millrace-takeover-')))
  const forget = async () => {
    if (given === undefined) await rm(stateDir, { recursive: true, force: true })
  }
  const streams = new KafkaStreams(shop(inputs, applicationId), {
    applicationId,
    client: groupProtocol === 'streams' ? kafka({ brokers }) : clientUnderTest(brokers),
    groupProtocol,
    store: rocksdb(),
    stateDir,
    processingGuarantee: guarantee,
    caching: caching ? 'as-planned' : 'off',
    commitIntervalMs: 100,
    emitIntervalMs: 0,
    logger: silentLogger,
  })
  let failure: unknown
  try {
    await streams.start()
  } catch (error) {
    await forget()
    throw error
  }
  streams.ended().catch((error: unknown) => (failure = error))
  const check = () => {
    if (failure !== undefined) throw failure
  }
  return {
    check,
    async close() {
      await streams.close()
      await forget()
      check()
    },
  }
}
