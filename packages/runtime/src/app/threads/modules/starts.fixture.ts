import { defineApplication } from '../../../index.ts'
import { KafkaStreams, options, plan } from './plain.fixture.ts'

const streams = new KafkaStreams(plan(), { ...options, threads: 1 })
await streams.start()

export const application = defineApplication(plan(), options)
