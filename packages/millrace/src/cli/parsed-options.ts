import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from './usage-error.ts'

type Options = NonNullable<ParseArgsConfig['options']>

export const text = { type: 'string' } as const
export const flag = { type: 'boolean' } as const

/** What every command takes that only looks. */
export const LOOKING = { json: flag } as const

/** @throws UsageError */
export function parsedOptions<const Given extends Options>(args: readonly string[], options: Given) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** A whole number from `from`. @throws UsageError */
export function wholeNumber(option: string, value: string, from = 0): number {
  if (/^\d+$/.test(value) && Number(value) >= from && Number.isSafeInteger(Number(value))) return Number(value)
  throw new UsageError(`${option} ${value} is not a whole number from ${from}`)
}

/** @throws UsageError unless there are as many as `names`, of which those in brackets may be missing */
export function namedPositionals(given: readonly string[], ...names: readonly string[]): readonly string[] {
  const missing = names.find((name, at) => !name.startsWith('[') && (given[at] ?? '') === '')
  if (missing !== undefined) throw new UsageError(`the ${missing} is missing`)
  const more = given[names.length]
  if (more !== undefined) throw new UsageError(`Unexpected argument '${more}'`)
  return given
}
