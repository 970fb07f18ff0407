import { fileURLToPath } from 'node:url'
import { startJudge } from '../start-judge.ts'
import { compareMessages, type MessageCase, type MessageVerdict } from './compare-messages.ts'
import { compareText } from './compare-proto.ts'
import { startProtoc } from './protoc.ts'

const MOST_REPORTS = 5

/**
 * Random .proto files, each read by protoc and by Millrace, and messages of them, read by Google's Java runtime and by Millrace. Prints
 * what differs.
 * @returns how many cases differ
 */
export async function runProtobuf(seed: number, cases: number): Promise<number> {
  await using protoc = await startProtoc()
  await using judge = await startJudge<MessageCase, MessageVerdict>({
    sources: fileURLToPath(new URL('./java/', import.meta.url)),
    cache: 'millrace-protobuf-judge',
    main: 'millrace.protobuf.Judge',
  })
  const counts = new Map<string, number>()
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by)
  let different = 0
  for (let number = 0; number < cases; number++) {
    const file = await compareText(protoc, seed + number)
    count(`files ${file.outcome}`)
    const messages = await compareMessages(judge, protoc, seed + number)
    count(`pairs ${messages.outcome}`)
    count('values read', messages.values - messages.refused)
    count('values refused', messages.refused)
    const found = [file, messages].filter(({ differences }) => differences.length > 0)
    if (found.length === 0) continue
    different += 1
    if (different > MOST_REPORTS) continue
    console.log(`\nseed ${seed + number}: npm run schemas -- --format protobuf --seed ${seed + number} --cases 1`)
    for (const { texts, differences } of found) {
      for (const [path, content] of Object.entries(texts)) console.log(`--- ${path}\n${content}`)
      for (const difference of differences) console.log(`  ${difference}`)
    }
  }
  const shown = [...counts].map(([what, amount]) => `${amount} ${what}`).join(', ')
  console.log(`protobuf: ${cases} cases from seed ${seed}: ${different} differ (${shown})`)
  return different
}
