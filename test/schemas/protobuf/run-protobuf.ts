import { compareText } from './compare-proto.ts'
import { startProtoc } from './protoc.ts'

const MOST_REPORTS = 5

/**
 * Random .proto files, each read by protoc and by Millrace. Prints what differs.
 * @returns how many cases differ
 */
export async function runProtobuf(seed: number, cases: number): Promise<number> {
  await using protoc = await startProtoc()
  const counts = new Map<string, number>()
  const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by)
  let different = 0
  for (let number = 0; number < cases; number++) {
    const text = await compareText(protoc, seed + number)
    count(`files ${text.outcome}`)
    if (text.differences.length === 0) continue
    different += 1
    if (different > MOST_REPORTS) continue
    console.log(`\nseed ${seed + number}: npm run schemas -- --format protobuf --seed ${seed + number} --cases 1`)
    for (const [path, content] of Object.entries(text.texts)) console.log(`--- ${path}\n${content}`)
    for (const difference of text.differences) console.log(`  ${difference}`)
  }
  const shown = [...counts].map(([what, amount]) => `${amount} ${what}`).join(', ')
  console.log(`protobuf: ${cases} cases from seed ${seed}: ${different} differ (${shown})`)
  return different
}
