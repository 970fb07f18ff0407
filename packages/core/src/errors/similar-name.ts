/**
 * The name that somebody who wrote `name` most likely meant; undefined when none is near. Upper case, dots, dashes and underscores make no
 * difference: Java has `application.id` for `applicationId`.
 */
export function similarName(name: string, existing: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(name.length / 4))
  const ranked = existing
    .map(other => ({ other, distance: distance(lettersOf(name), lettersOf(other), most) }))
    .filter(each => each.distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
  return ranked[0]?.other
}

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[._-]/g, '')
}

/** How many characters to insert, take out, replace or swap with the next (optimal string alignment); above `most` it may be more. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
