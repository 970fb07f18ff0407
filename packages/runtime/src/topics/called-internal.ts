/** What names of internal topics end in, those of foreign-key joins of older Kafka Streams included (`StreamsResetter`). */
const ENDINGS: readonly RegExp[] = [
  /-changelog$/,
  /-repartition$/,
  /-subscription-registration-topic$/,
  /-subscription-response-topic$/,
  /-KTABLE-FK-JOIN-SUBSCRIPTION-(REGISTRATION|RESPONSE)-\d+-topic$/,
]

/** Whether a topic is called as the internal topics of an application are. */
export function isCalledInternal(applicationId: string, topic: string): boolean {
  return topic.startsWith(`${applicationId}-`) && ENDINGS.some(ending => ending.test(topic))
}
