import { setTimeout } from 'node:timers/promises'
import type { TopicIo } from '../../topic-io.ts'
import { parts } from '../java-takeover/inputs.ts'
import { INPUTS } from '../java-takeover/shop.ts'
import { describedByCommand } from './kafka-tools.ts'

export const PARTITIONS = 3
/** How often something is written, until all members have had their turn. */
export const SLICES = 60

/** What depends on one input topic only, and so not on which of two is ahead. */
export const COMPARED = [
  ...['page-windows', 'visits', 'closed-windows', 'final-windows', 'stock'],
  ...['clicks-per-user-changelog', 'closed-changelog', 'clicks-per-page-changelog', 'stock-changelog'],
]

/** Input that is written slice by slice, each topic in its own order. */
export function inputOf(io: TopicIo, name: string) {
  const input = parts(1, PARTITIONS)
  const records = new Map(INPUTS.map(topic => [topic, input.flatMap(part => part[topic])]))
  let next = 0
  return {
    async writeSlices(count: number): Promise<void> {
      for (const end = Math.min(SLICES, next + count); next < end; next++) {
        for (const [topic, all] of records) {
          const size = Math.ceil(all.length / SLICES)
          await io.produce(`${name}-${topic}`, all.slice(next * size, (next + 1) * size))
        }
        await setTimeout(100)
      }
    },
  }
}

/** How many members of the group have tasks. */
export async function membersWithTasks(brokers: string, groupId: string): Promise<number> {
  const members = await describedByCommand(brokers, groupId, '--members').catch((error: unknown) => {
    // The first member has not joined yet.
    if (String(error).includes('GroupIdNotFoundException')) return []
    throw error
  })
  return members.filter(member => /^ACTIVE: \d/.test(member['ASSIGNMENTS'] ?? '')).length
}
