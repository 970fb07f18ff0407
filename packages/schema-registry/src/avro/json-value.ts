/** A JSON value whose numbers keep their text, because a schema may hold integers that a double cannot. */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject

export interface JsonObject {
  readonly [name: string]: JsonValue
}

export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Written without a fraction and without an exponent, as Java tells integers from doubles. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text)
  }
}

/** @throws SyntaxError */
export function parseJson(text: string): JsonValue {
  type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown
  const keepText: Reviver = (_key, value, { source }) => (typeof value === 'number' ? new JsonNumber(source!) : value)
  return JSON.parse(text, keepText as (this: unknown, key: string, value: unknown) => unknown) as JsonValue
}

/** Prints a value as Java's Jackson does, without spaces. */
export function printJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return printNumber(value)
  if (isJsonArray(value)) return `[${value.map(printJson).join(',')}]`
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${printJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
}

function printNumber(number: JsonNumber): string {
  return number.isInteger ? String(BigInt(number.text)) : printDouble(Number(number.text))
}

/** The text of Java's `Double.toString`. */
export function printDouble(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const magnitude = Math.abs(value)
  if (magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e7)) {
    return Number.isInteger(value) ? `${value}.0` : String(value)
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
}
