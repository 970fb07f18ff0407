import type { Subscription } from '../ports/client.ts'

/** Whether two subscriptions differ in their listeners only, so that the member need not join again. */
export function sameSubscription(a: Subscription, b: Subscription): boolean {
  const sameTopics = a.topics.length === b.topics.length && a.topics.every(topic => b.topics.includes(topic))
  return sameTopics && a.assignor.name === b.assignor.name
}
