const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS
/** Up to this count, comparing is cheaper than counting digits. */
const FEW = 512

/**
 * The indexes 0 to `count` in ascending order of their numbers, equal ones as they are. Numbers are integers from 0 to `most`.
 * A radix sort: its cost for each index is that of a few array accesses, however many there are.
 */
export function orderOf(count: number, most: number, numberOf: (index: number) => number): Uint32Array {
  let order = Uint32Array.from({ length: count }, (_, index) => index)
  if (count <= FEW || most > 0xffff_ffff) return order.sort((a, b) => numberOf(a) - numberOf(b))
  let numbers = new Uint32Array(count)
  for (let index = 0; index < count; index++) numbers[index] = numberOf(index)
  let [nextOrder, nextNumbers] = [new Uint32Array(count), new Uint32Array(count)]
  const places = new Uint32Array(DIGITS)
  for (let shift = 0; shift < 32 && most >>> shift > 0; shift += DIGIT_BITS) {
    places.fill(0)
    for (let at = 0; at < count; at++) places[(numbers[at]! >>> shift) & (DIGITS - 1)]!++
    for (let digit = 0, place = 0; digit < DIGITS; digit++) {
      const many = places[digit]!
      places[digit] = place
      place += many
    }
    for (let at = 0; at < count; at++) {
      const place = places[(numbers[at]! >>> shift) & (DIGITS - 1)]!++
      nextOrder[place] = order[at]!
      nextNumbers[place] = numbers[at]!
    }
    ;[order, nextOrder] = [nextOrder, order]
    ;[numbers, nextNumbers] = [nextNumbers, numbers]
  }
  return order
}
