/** What `Object.prototype.toString` says of a primitive in an object. */
const BOXED = /^\[object (Number|String|Boolean)\]$/

/** The JSON of a value that fits JSON, with the properties of each object in the order of their names' UTF-16 units. */
export function sortedJson(value: unknown): string {
  return write(value, '')!
}

/** Undefined for a member that JSON leaves out. */
function write(given: unknown, name: string): string | undefined {
  const value = hasToJson(given) ? given.toJSON(name) : given
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((element, index) => write(element, String(index))).join(',')}]`
  if (BOXED.test(Object.prototype.toString.call(value))) return JSON.stringify(value)
  const members: string[] = []
  for (const property of Object.keys(value).sort()) {
    const text = write((value as Readonly<Record<string, unknown>>)[property], property)
    if (text !== undefined) members.push(`${JSON.stringify(property)}:${text}`)
  }
  return `{${members.join(',')}}`
}

function hasToJson(value: unknown): value is { toJSON(name: string): unknown } {
  if (value === null || value === undefined) return false
  return typeof (value as { readonly toJSON?: unknown }).toJSON === 'function'
}
