import { ProtoProblem } from './proto-problem.ts'
import { type ProtoToken, tokenizeProto } from './tokenize-proto.ts'

/** Reads tokens one after another. */
export class ProtoCursor {
  readonly #tokens: readonly ProtoToken[]
  #next = 0

  constructor(text: string) {
    this.#tokens = tokenizeProto(text)
  }

  peek(ahead = 0): ProtoToken {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!
  }

  next(): ProtoToken {
    const token = this.peek()
    this.#next += 1
    return token
  }

  isAt(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return (token.kind === 'identifier' || token.kind === 'symbol') && token.text === text
  }

  /** Takes the token if it is this one. */
  skip(text: string): boolean {
    const found = this.isAt(text)
    if (found) this.#next += 1
    return found
  }

  take(text: string): void {
    if (!this.skip(text)) throw this.expected(`"${text}"`)
  }

  identifier(what: string): string {
    if (this.peek().kind !== 'identifier') throw this.expected(what)
    return this.next().text
  }

  /** `a.b.c`, or `.a.b.c`. */
  path(what: string): string {
    let path = this.skip('.') ? '.' : ''
    path += this.identifier(what)
    while (this.skip('.')) path += `.${this.identifier(what)}`
    return path
  }

  integer(what: string, limits: { readonly least: number; readonly most: number }): number {
    const { at } = this.peek()
    const isNegative = limits.least < 0 && this.skip('-')
    const token = this.next()
    if (token.kind !== 'integer') throw new ProtoProblem(at, `${what} must be an integer, and not ${token.text}`)
    const value = isNegative ? -token.value : token.value
    if (value < BigInt(limits.least) || value > BigInt(limits.most)) {
      throw new ProtoProblem(at, `${what} must be from ${limits.least} to ${limits.most}, and not ${value}`)
    }
    return Number(value)
  }

  /** Strings that follow each other are one. */
  string(what: string): Uint8Array {
    if (this.peek().kind !== 'string') throw this.expected(what)
    const parts: Uint8Array[] = []
    for (let token = this.peek(); token.kind === 'string'; token = this.peek()) {
      parts.push(token.bytes)
      this.#next += 1
    }
    return Buffer.concat(parts)
  }

  text(what: string): string {
    return Buffer.from(this.string(what)).toString()
  }

  expected(what: string): ProtoProblem {
    const token = this.peek()
    return new ProtoProblem(
      token.at,
      `${what} is expected, and not ${token.kind === 'end' ? token.text : `"${token.text}"`}`,
    )
  }

  problem(reason: string): ProtoProblem {
    return new ProtoProblem(this.peek().at, reason)
  }
}
