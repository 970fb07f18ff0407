/**
 * The seeds of a simulated test: the first ones, or with `MILLRACE_SEEDS=5000:2000` 2 000 others from 5 000 on. A test that
 * has always had the same few seeds says little about others.
 */
export function seeds(count: number): readonly number[] {
  const wanted = process.env['MILLRACE_SEEDS']
  if (wanted === undefined) return Array.from({ length: count }, (_, seed) => seed)
  const [from, others] = wanted.split(':').map(Number)
  if (!Number.isInteger(from) || !Number.isInteger(others))
    throw new Error(`MILLRACE_SEEDS is "${wanted}", not FROM:COUNT`)
  return Array.from({ length: others! }, (_, i) => from! + i)
}
