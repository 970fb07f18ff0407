/** What the serdes of this package were made of, by serde: all that decides which bytes they write and what they read. */
const PARTS = new WeakMap<object, readonly unknown[]>()

/** Notes what a serde was made of, so that `sameSerde` knows another one that was made of the same. */
export function madeOf<S extends object>(serde: S, ...parts: readonly unknown[]): S {
  PARTS.set(serde, parts)
  return serde
}

/**
 * Whether two serdes write the same bytes and read the same values: one object, or two that a function of this package made
 * of the same. Nothing else is known about custom serdes.
 */
export function sameSerde(one: object, other: object): boolean {
  return samePart(one, other)
}

function samePart(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  const [parts, others] = [PARTS.get(one), PARTS.get(other)]
  if (parts === undefined || others === undefined || parts.length !== others.length) return false
  return parts.every((part, index) => samePart(part, others[index]))
}
