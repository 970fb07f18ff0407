import type { ReportedTask } from '@millrace/runtime'
import type { InstanceAnswer } from './answers.ts'

/** Why a task is where it is, in a sentence, as far as the assignment of the group tells. Pure. */
export function whyHere(
  { id, changelogRecords }: Pick<ReportedTask, 'id' | 'changelogRecords'>,
  instances: readonly InstanceAnswer[],
): string {
  const owner = instances.find(({ active }) => active.includes(id))
  const warmup = instances.find(each => each.warmup.includes(id))
  const standbys = instances.filter(({ standby }) => standby.includes(id))
  if (instances.length === 0) return 'No instance is in the group.'
  if (owner === undefined)
    return 'Nobody has it: it is being moved, or its input topic was created since the last assignment.'
  if (warmup !== undefined)
    return `It stays on ${owner.name}, which has its state, until the copy on ${warmup.name} has caught up; then it moves there.`
  if (instances.length === 1) return 'There is one instance.'
  const copies =
    standbys.length === 0
      ? ''
      : ` ${standbys.map(({ name }) => name).join(', ')} would take over with a copy of the state.`
  const counts = instances.map(({ active }) => active.length)
  const share = `The tasks are spread evenly: ${Math.min(...counts)} to ${Math.max(...counts)} for each instance.`
  return changelogRecords === 0
    ? `${share} It has no state, so that it can be anywhere.`
    : `${share} A task with state stays where its state is.${copies}`
}
