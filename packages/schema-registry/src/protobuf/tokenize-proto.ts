import { ProtoProblem } from './proto-problem.ts'

export type ProtoToken = {
  /** Where it begins, for messages: `line:column`. */
  readonly at: string
} & (
  | { readonly kind: 'identifier' | 'symbol' | 'end'; readonly text: string }
  | { readonly kind: 'integer'; readonly text: string; readonly value: bigint }
  | { readonly kind: 'float'; readonly text: string; readonly value: number }
  | { readonly kind: 'string'; readonly text: string; readonly bytes: Uint8Array }
)

const SKIPPED = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y
const FLOAT = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y
const INTEGER = /0[xX][0-9a-fA-F]+|\d+/y
const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y
const ESCAPE = /\\(?:[xX]([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'"?]))|\\/g
const SHORT_ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }

/** @throws ProtoProblem */
export function tokenizeProto(text: string): readonly ProtoToken[] {
  const tokens: ProtoToken[] = []
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  let position = 0
  let line = 1
  let lineStart = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    return pattern.exec(source)?.[0]
  }
  const advance = (matched: string): void => {
    for (let at = matched.indexOf('\n'); at >= 0; at = matched.indexOf('\n', at + 1)) {
      line += 1
      lineStart = position + at + 1
    }
    position += matched.length
  }
  for (;;) {
    advance(match(SKIPPED) ?? '')
    const at = `${line}:${position - lineStart + 1}`
    if (position >= source.length) return [...tokens, { kind: 'end', text: 'the end', at }]
    const identifier = match(IDENTIFIER)
    if (identifier !== undefined) {
      tokens.push({ kind: 'identifier', text: identifier, at })
      advance(identifier)
      continue
    }
    const number = match(FLOAT) ?? match(INTEGER)
    if (number !== undefined) {
      tokens.push(numberToken(number, at))
      advance(number)
      if (match(IDENTIFIER) !== undefined || match(/\./y) !== undefined)
        throw new ProtoProblem(at, `"${number}" is followed by a letter or a point`)
      continue
    }
    const string = match(STRING)
    if (string !== undefined) {
      tokens.push({ kind: 'string', text: string, bytes: unescape(string.slice(1, -1), at), at })
      advance(string)
      continue
    }
    const symbol = source[position]!
    if (symbol === '"' || symbol === "'") throw new ProtoProblem(at, 'a string has no end')
    if (source.startsWith('/*', position)) throw new ProtoProblem(at, 'a comment has no end')
    if (!'{}[]()<>;,=.:-+/'.includes(symbol))
      throw new ProtoProblem(at, `the character ${JSON.stringify(symbol)} has no meaning`)
    tokens.push({ kind: 'symbol', text: symbol, at })
    advance(symbol)
  }
}

function numberToken(text: string, at: string): ProtoToken {
  if (/^\d*\.|^\d+[eE]/.test(text)) return { kind: 'float', text, value: Number(text), at }
  const isOctal = /^0\d/.test(text)
  if (isOctal && /[89]/.test(text)) throw new ProtoProblem(at, `"${text}" begins with 0 and is not octal`)
  const value = BigInt(isOctal ? `0o${text.slice(1)}` : text)
  return { kind: 'integer', text, value, at }
}

function unescape(text: string, at: string): Uint8Array {
  const parts: Uint8Array[] = []
  let from = 0
  for (const found of text.matchAll(ESCAPE)) {
    parts.push(Buffer.from(text.slice(from, found.index)))
    const [whole, hex, octal, short, long, letter] = found
    const point = short ?? long
    if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)))
    else if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8) & 0xff))
    else if (letter !== undefined) parts.push(Uint8Array.of(SHORT_ESCAPES[letter] ?? letter.charCodeAt(0)))
    else if (point !== undefined && Number.parseInt(point, 16) <= 0x10ffff) {
      parts.push(Buffer.from(String.fromCodePoint(Number.parseInt(point, 16))))
    } else
      throw new ProtoProblem(
        at,
        `the string has an escape that has no meaning (${text.slice(found.index, found.index + 2)})`,
      )
    from = found.index + whole.length
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(from))])
}
