/** How many of the left can each have a partner of its own on the right. */
export function maximumMatching(left: number, right: number, fits: (left: number, right: number) => boolean): number {
  const partners = new Map<number, number>()
  const find = (one: number, tried: Set<number>): boolean => {
    for (let other = 0; other < right; other++) {
      if (tried.has(other) || !fits(one, other)) continue
      tried.add(other)
      const holder = partners.get(other)
      if (holder !== undefined && !find(holder, tried)) continue
      partners.set(other, one)
      return true
    }
    return false
  }
  let matched = 0
  for (let one = 0; one < left; one++) if (find(one, new Set())) matched += 1
  return matched
}
