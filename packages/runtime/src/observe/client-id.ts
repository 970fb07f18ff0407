/** The tag `client-id`, as in Kafka Streams. */
export function clientIdOf(applicationId: string, processId: string): string {
  return `${applicationId}-${processId}`
}

/** The tag `thread-id` of a member of a process. */
export function threadIdOf(applicationId: string, processId: string, member = 1): string {
  return `${clientIdOf(applicationId, processId)}-StreamThread-${member}`
}

/** The tag `thread-id` of what belongs to the global stores of a member. */
export function globalThreadIdOf(applicationId: string, processId: string, member = 1): string {
  const id = `${clientIdOf(applicationId, processId)}-GlobalStreamThread`
  return member === 1 ? id : `${id}-${member}`
}
