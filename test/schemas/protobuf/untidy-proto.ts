import { tokenizeProto } from '../../../packages/schema-registry/src/protobuf/tokenize-proto.ts'
import type { Choice } from '../choice.ts'

/** The same file as people may write it: comments, other spaces, other quotes, hexadecimal numbers, strings in two parts. */
export function untidyProto(choice: Choice, printed: string): string {
  const tokens = tokenizeProto(printed).filter(({ kind }) => kind !== 'end')
  return tokens
    .map((token, index) => {
      const next = tokens[index + 1]
      const text = choice.chance(0.1) ? respelled(choice, token.text, token.kind) : token.text
      const isWordLike = (kind: string | undefined): boolean => kind !== undefined && kind !== 'symbol'
      const needsSpace = isWordLike(token.kind) && isWordLike(next?.kind)
      return text + spacing(choice, needsSpace)
    })
    .join('')
}

function spacing(choice: Choice, needed: boolean): string {
  switch (choice.number(12)) {
    case 0:
      return '\n\t '
    case 1:
      return ' /* a "comment" ; } */ '
    case 2:
      return " // it's { a comment\n"
    case 3:
      return needed ? '\r\n' : ''
    default:
      return ' '
  }
}

function respelled(choice: Choice, text: string, kind: string): string {
  if (kind === 'integer' && text !== '0')
    return choice.chance(0.5) ? `0x${BigInt(text).toString(16)}` : `0${BigInt(text).toString(8)}`
  if (kind !== 'string') return text
  if (!/['"\\]/.test(text.slice(1, -1))) return choice.chance(0.5) ? `'${text.slice(1, -1)}'` : `"" ${text}`
  return text
}
