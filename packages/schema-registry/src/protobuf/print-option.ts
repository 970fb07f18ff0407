import type { OptionValue, ProtoOption } from './proto-file.ts'

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  39: "\\'",
  92: '\\\\',
}

export function optionStatement(option: ProtoOption): string {
  return `option ${optionText(option)};\n`
}

/** ` [NAME = VALUE]`, or nothing if there is no option. */
export function optionSuffix(options: readonly ProtoOption[]): string {
  if (options.length === 0) return ''
  if (options.length === 1) return ` [${optionText(options[0]!)}]`
  return ` [\n${options.map(option => indented(optionText(option))).join(',\n')}\n]`
}

/** Each line with two spaces before it, empty ones too. */
export function indented(text: string): string {
  return text.replace(/^(?=[\s\S])/gm, '  ')
}

function optionText({ name, value }: ProtoOption): string {
  const path = name.map(({ text, isExtension }) => (isExtension ? `(${text})` : text)).join('.')
  return `${path} = ${valueText(value)}`
}

export function valueText(value: OptionValue): string {
  switch (value.kind) {
    case 'identifier':
      return value.text
    case 'integer':
      return String(value.value)
    case 'float':
      return floatText(value.value)
    case 'string':
      return `"${escaped(value.bytes)}"`
    case 'message': {
      if (value.fields.length === 0) return '{\n}'
      const lines = value.fields.map(field => indented(`${field.name}: ${valueText(field.value)}`))
      return `{\n${lines.join(',\n')}\n}`
    }
    case 'list':
      return value.items.length === 0 ? '[]' : `[\n${value.items.map(item => indented(valueText(item))).join(',\n')}\n]`
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** UTF-8 stays as it is. */
function escaped(bytes: Uint8Array): string {
  let text = ''
  const decoded = Buffer.from(bytes).toString()
  const isText = Buffer.from(decoded).equals(bytes)
  if (isText) {
    for (const character of decoded) {
      const code = character.codePointAt(0)!
      text += ESCAPES[code] ?? (code < 32 || code === 127 ? octal(code) : character)
    }
    return text
  }
  for (const byte of bytes) text += ESCAPES[byte] ?? (byte < 32 || byte > 126 ? octal(byte) : String.fromCharCode(byte))
  return text
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`
}
