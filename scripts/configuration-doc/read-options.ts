import { readFileSync } from 'node:fs'
import { type ApiMember, readApi } from '../reference-doc/read-api.ts'

const SOURCE = new URL('../../packages/runtime/src/config/options.ts', import.meta.url)

/** The options of `KafkaStreamsOptions` with their doc comments, in the order of the source. */
export function readOptions(): readonly ApiMember[] {
  const entries = readApi('options.ts', readFileSync(SOURCE, 'utf8'))
  return entries.find(({ name }) => name === 'KafkaStreamsOptions')!.members
}
