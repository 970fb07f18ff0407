import { invalidOption } from '@millrace/core'

/** The steps to a field: names of members, and `[]` for all elements of an array. */
export type FieldSteps = readonly string[]

/** @throws MILLRACE_CONFIG_INVALID when the text is no path of a field */
function parseField(field: string): FieldSteps {
  const steps = (typeof field === 'string' ? field.match(/\[\]|[^.[\]]+/g) : undefined) ?? []
  const printed = steps.map((step, index) => (step === '[]' || index === 0 ? step : `.${step}`)).join('')
  if (steps.length === 0 || printed !== field)
    throw invalidOption('fields', field, 'it must be a field: name, address.street or phones[].number')
  return steps
}

/**
 * The fields, of which none is within another: what is encrypted as a whole has no fields any more.
 * @throws MILLRACE_CONFIG_INVALID
 */
export function parseFields(fields: readonly string[]): readonly FieldSteps[] {
  const parsed = fields.map(parseField)
  for (const [index, steps] of parsed.entries()) {
    const inside = parsed.findIndex((other, at) => at !== index && steps.every((step, depth) => other[depth] === step))
    if (inside >= 0)
      throw invalidOption(
        'fields',
        fields,
        `"${fields[index]!}" includes "${fields[inside]!}", so list only one of them`,
      )
  }
  return parsed
}

/**
 * Refuses a value in which the way to the field leads through something else than objects and arrays: what is there would be written as it
 * is. Members that are missing or null are as they should be.
 * @throws TypeError
 */
export function checkWay(value: unknown, steps: FieldSteps, field: string, path = ''): void {
  const [step, ...rest] = steps
  if (step === undefined || value === null || value === undefined) return
  const needed = step === '[]' ? 'an array' : 'an object'
  if (typeof value !== 'object' || Array.isArray(value) !== (step === '[]')) {
    const what = path === '' ? 'the value' : `"${path}"`
    throw new TypeError(`${what} is not ${needed}, so the field "${field}" in it would not be encrypted`)
  }
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) checkWay(element, rest, field, `${path}[${index}]`)
    return
  }
  if (Object.hasOwn(value, step))
    checkWay((value as Readonly<Record<string, unknown>>)[step], rest, field, path === '' ? step : `${path}.${step}`)
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
