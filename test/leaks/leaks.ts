import { startWorker } from '../processes/worker.ts'
import type { LivesSettings, Open } from './lives-process.ts'

/** Until then code is compiled, and what is made once is made: the heap grows by 3 MB. */
const WARM_UP = 12
const TIMES = 24
/** Of the heap after a collection, in the twelve lives after the warm-up. Without a leak it was 0.2 MB; a closed application that is kept has 70 KB. */
const GROWTH_MB = 0.75

/** What an application leaves behind that is started and closed again and again: nothing, or sentences. @throws when a life fails */
export async function leaksOf(settings: Omit<LivesSettings, 'times'>): Promise<readonly string[]> {
  await using worker = startWorker('lives', new URL('lives-process.ts', import.meta.url), { ...settings, times: TIMES })
  const { code } = await worker.exited
  const seen = worker.messages.filter(({ type }) => type === 'open') as unknown as readonly Open[]
  if (code !== 0 || seen.length !== TIMES)
    throw new Error(`it ended with ${code} after ${seen.length} lives:\n${worker.log()}`)
  const [first, last] = [seen[WARM_UP]!, seen.at(-1)!]
  const leaks: string[] = []
  if (last.handles.join() !== first.handles.join())
    leaks.push(`handles: ${first.handles.join()} and ${last.handles.join()}`)
  if (last.files > first.files) leaks.push(`files: ${first.files} and ${last.files}`)
  const grownMb = last.heapMb - first.heapMb
  if (grownMb > GROWTH_MB) leaks.push(`the heap has grown by ${grownMb} MB`)
  return leaks
}
