/**
 * Divides `limit` between those who use so much each: nobody gets more than it uses, and what some leave goes to the others in equal
 * parts.
 */
export function fairShares(used: readonly number[], limit: number): readonly number[] {
  const shares = used.map(() => 0)
  let left = limit
  const bySize = used.map((size, index) => ({ size, index })).sort((a, b) => a.size - b.size)
  for (const [place, { size, index }] of bySize.entries()) {
    shares[index] = Math.min(size, left / (used.length - place))
    left -= shares[index]
  }
  return shares
}
