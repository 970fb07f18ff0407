import { internalTopics, type Plan, topicNaming } from '@millrace/core'
import { isCalledInternal } from '../topics/called-internal.ts'

/** Which topics a reset deletes, and which it leaves though they look as if they were the application's own. */
export interface InternalTopicChoice {
  readonly doomed: readonly string[]
  readonly spared: readonly string[]
  /** Asked for by name, and none of the application's internal topics. */
  readonly foreign: readonly string[]
}

/**
 * With a plan its own internal topics, without one all that are called like them: an application whose id begins with
 * `<applicationId>-` then has such topics, too. `only` takes some of these, and with a plan any that is called so.
 *
 * @param existing all topics there are
 * @param users topics that are the user's whatever they are called
 */
export function chooseInternalTopics(options: {
  readonly applicationId: string
  readonly existing: readonly string[]
  readonly users: readonly string[]
  readonly plan: Plan | undefined
  readonly only: readonly string[] | undefined
}): InternalTopicChoice {
  const { applicationId, existing, users, plan, only } = options
  const own = existing.filter(topic => !users.includes(topic))
  const byName = own.filter(topic => isCalledInternal(applicationId, topic))
  const exact = plan === undefined ? byName : own.filter(topic => namesOf(plan, applicationId).has(topic))
  const possible = new Set([...byName, ...exact])
  const doomed = (only === undefined ? exact : [...possible].filter(topic => only.includes(topic))).toSorted()
  return {
    doomed,
    spared: [...possible].filter(topic => !doomed.includes(topic)).toSorted(),
    foreign: (only ?? []).filter(topic => !possible.has(topic)),
  }
}

function namesOf(plan: Plan, applicationId: string): ReadonlySet<string> {
  return new Set(internalTopics(plan).map(topicNaming(plan, applicationId)))
}
