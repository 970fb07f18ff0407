import { shownOption } from '@millrace/core'
import { type KafkaStreamsOptions, OPTION_TABLE, resolveOptions } from '@millrace/runtime'
import type { OptionAnswer } from './answers.ts'

/** All options of an application, by name. Functions and objects with methods are not shown: they could hold anything. */
export function configurationOf(options: Partial<KafkaStreamsOptions> | undefined): readonly OptionAnswer[] {
  if (options?.client === undefined || options.applicationId === undefined) return []
  const resolved: Readonly<Record<string, unknown>> = { ...resolveOptions(options as KafkaStreamsOptions) }
  const given: Readonly<Record<string, unknown>> = { ...options }
  return Object.keys(OPTION_TABLE).map(name => ({
    name,
    value: isData(resolved[name])
      ? shownOption(resolved[name])
      : typeof resolved[name] === 'function'
        ? 'a function'
        : 'an object',
    isDefault: given[name] === undefined,
  }))
}

function isData(value: unknown): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isData)
  const isPlain = Object.getPrototypeOf(value) === Object.prototype
  return isPlain && Object.values(value).every(isData)
}
