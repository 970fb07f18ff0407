import { isMillraceError, type MillraceError, reasonOf } from '@millrace/core'

/** What JavaScript may put in the place of an argument or option, by a name for the title of the test. */
const VARIANTS: Readonly<Record<string, unknown>> = {
  missing: undefined,
  null: null,
  number: 42,
  negative: -1,
  fraction: 1.5,
  NaN: Number.NaN,
  text: 'text',
  'empty text': '',
  'unusable text': 'not a name!',
  true: true,
  false: false,
  'empty array': [],
  'array with null': [null],
  'empty object': {},
  'misspelt option': { optoin: 1 },
  function: () => undefined,
  Map: new Map(),
  symbol: Symbol('s'),
  bigint: 7n,
  Date: new Date(0),
}

/** A usable argument or option, and which variants are usable as well. */
export interface Slot {
  readonly valid: unknown
  readonly takes: readonly string[]
  /** The options of an object. */
  readonly fields?: Readonly<Record<string, Slot>>
}

export const fn = (valid: (...args: never[]) => unknown): Slot => ({ valid, takes: ['function'] })
export const optionalFn = (valid: (...args: never[]) => unknown): Slot => ({ valid, takes: ['missing', 'function'] })
export const only = (valid: unknown, ...takes: readonly string[]): Slot => ({ valid, takes })
export const name = (valid: string): Slot => ({ valid, takes: ['missing', 'text'] })
export const topic = (valid: string): Slot => ({ valid, takes: ['text'] })
export const flag = (valid: boolean): Slot => ({ valid, takes: ['missing', 'true', 'false'] })
export const count = (valid: number, ...more: readonly string[]): Slot => ({ valid, takes: ['number', ...more] })

/** Options as a whole. Without `takes` they may be left out. */
export function options(fields: Readonly<Record<string, Slot>>, takes = ['missing', 'empty object']): Slot {
  return {
    valid: Object.fromEntries(Object.entries(fields).map(([field, slot]) => [field, slot.valid])),
    takes,
    fields,
  }
}

/** A call with one thing replaced. */
export interface Attempt {
  readonly title: string
  readonly args: readonly unknown[]
  /** Whether the call is usable with it. */
  readonly usable: boolean
}

/** The usable call, then every variant in each position and in each option. */
export function attempts(slots: readonly Slot[]): readonly Attempt[] {
  const valid = slots.map(slot => slot.valid)
  const list: Attempt[] = [{ title: 'usable arguments', args: valid, usable: true }]
  for (const [position, slot] of slots.entries()) {
    for (const { title, value, usable } of replacements(slot)) {
      list.push({ title: `argument ${position + 1} ${title}`, args: valid.with(position, value), usable })
    }
  }
  list.push({ title: 'an argument too many', args: [...valid, 'too many'], usable: false })
  return list
}

function* replacements(slot: Slot): Generator<{ title: string; value: unknown; usable: boolean }> {
  for (const [variant, value] of Object.entries(VARIANTS)) {
    yield { title: `is ${variant}`, value, usable: slot.takes.includes(variant) }
  }
  if (slot.fields === undefined) return
  const whole = slot.valid as object
  yield { title: 'has an unknown option', value: { ...whole, optoin: 1 }, usable: false }
  for (const [field, inner] of Object.entries(slot.fields)) {
    for (const { title, value, usable } of replacements(inner)) {
      yield { title: `.${field} ${title}`, value: { ...whole, [field]: value }, usable }
    }
  }
}

/** What is wrong with the outcome of an attempt; nothing where it is right. */
export async function wrongOutcome(
  attempt: Attempt,
  run: (args: readonly unknown[]) => unknown,
): Promise<string | undefined> {
  let thrown: unknown
  try {
    await run(attempt.args)
  } catch (error) {
    thrown = error ?? 'nothing was thrown'
  }
  if (thrown === undefined) return attempt.usable ? undefined : `${attempt.title}: accepted`
  if (!isMillraceError(thrown)) return `${attempt.title}: ${reasonOf(thrown)}`
  if (attempt.usable) return `${attempt.title}: ${thrown.message}`
  return isHelpful(thrown) ? undefined : `${attempt.title}: ${thrown.message}`
}

/** The caller has to act, and the text says on which argument. */
function isHelpful({ kind, hint, message }: MillraceError): boolean {
  return (
    ['config', 'topology', 'record', 'fatal'].includes(kind) &&
    hint !== '' &&
    !/\{\w+\}|\[object |Cannot read|is not iterable/.test(message)
  )
}
