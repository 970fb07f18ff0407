import { checkPlan } from '../arguments/plan-argument.ts'
import type { Plan } from './plan.ts'

/** Any value that JSON can represent. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/**
 * Returns the plan as plain data, for a console, a diff or a file. A serde is represented by its name, a function by `fn name`
 * (or `fn` if it has no name). The result cannot be converted back to a plan.
 */
export function planToJson(plan: Plan): { readonly [name: string]: Json } {
  checkPlan('planToJson', plan)
  return Object.fromEntries(Object.entries(plan).map(([name, value]) => [name, toJson(value) ?? null]))
}

function toJson(value: unknown): Json | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'function':
      return value.name === '' ? 'fn' : `fn ${value.name}`
    case 'object':
      if (value instanceof RegExp) return String(value)
      return value === null ? null : objectToJson(value)
    default:
      return undefined
  }
}

function objectToJson(value: object): Json {
  if (Array.isArray(value)) return value.map(item => toJson(item) ?? null)
  if ('serialize' in value && 'name' in value) return String(value.name)
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    const json = toJson(inner)
    return json === undefined ? [] : [[name, json] as const]
  })
  return Object.fromEntries(entries)
}
