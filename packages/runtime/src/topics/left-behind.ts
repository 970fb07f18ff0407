/** A name that an operator was given by its place in the topology, in front of what the topic is for. */
const GENERATED = /^(K[A-Z-]+-)\d{10}(-changelog|-repartition)$/

/**
 * Internal topics that are about to be recreated although others of the same kind of operator are there that the topology does
 * not have: most likely a number in a generated name has moved, and the state would be left behind. Names that somebody chose
 * are taken for meant.
 *
 * @param existing all topics there are
 * @param wanted all internal topics of the topology, by real names
 */
export function leftBehind(
  applicationId: string,
  existing: readonly string[],
  wanted: readonly string[],
): readonly { readonly from: string; readonly to: string }[] {
  const there = new Set(existing)
  const own = new Set(wanted)
  const orphans = existing.filter(topic => !own.has(topic) && kindOf(applicationId, topic) !== undefined).sort()
  return wanted
    .filter(topic => !there.has(topic) && kindOf(applicationId, topic) !== undefined)
    .flatMap(to => {
      const at = orphans.findIndex(from => kindOf(applicationId, from) === kindOf(applicationId, to))
      return at < 0 ? [] : orphans.splice(at, 1).map(from => ({ from, to }))
    })
}

/** Whether any of the topics has a name in which a number could move. */
export function anyGenerated(applicationId: string, topics: readonly string[]): boolean {
  return topics.some(topic => kindOf(applicationId, topic) !== undefined)
}

function kindOf(applicationId: string, topic: string): string | undefined {
  const prefix = `${applicationId}-`
  const parts = topic.startsWith(prefix) ? GENERATED.exec(topic.slice(prefix.length)) : null
  return parts === null ? undefined : `${parts[1]}${parts[2]}`
}
