import { invalidOption } from '@millrace/core'

/** The steps to a field: names of members, and `[]` for all elements of an array. */
export type FieldSteps = readonly string[]

/** @throws MILLRACE_CONFIG_INVALID when the text is no path of a field */
export function parseField(field: string): FieldSteps {
  const steps = (typeof field === 'string' ? field.match(/\[\]|[^.[\]]+/g) : undefined) ?? []
  const printed = steps.map((step, index) => (step === '[]' || index === 0 ? step : `.${step}`)).join('')
  if (steps.length === 0 || printed !== field)
    throw invalidOption('fields', field, 'it must be a field: name, address.street or phones[].number')
  return steps
}

/**
 * A copy of the value in which `change` has replaced the field. Members that are missing stay so. What is not on the way to the
 * field is shared with the value.
 */
export function withField(
  value: unknown,
  steps: FieldSteps,
  change: (field: unknown, path: string) => unknown,
  path = '',
): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return change(value, path)
  if (value === null || value === undefined) return value
  if (step === '[]') {
    if (!Array.isArray(value)) return value
    return value.map((element, index) => withField(element, rest, change, `${path}[${index}]`))
  }
  if (typeof value !== 'object' || !Object.hasOwn(value, step)) return value
  const member = (value as Readonly<Record<string, unknown>>)[step]
  const changed = withField(member, rest, change, path === '' ? step : `${path}.${step}`)
  return changed === member ? value : { ...value, [step]: changed }
}
