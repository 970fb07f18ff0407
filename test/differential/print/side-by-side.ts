import type { Case } from '../compare-case.ts'
import { javaProgram } from './java-program.ts'
import { typescriptProgram } from './typescript-program.ts'

/** A line that is longer goes on below itself. */
const WIDTH = 96

/** A case as two programs beside each other, and what comes out differently. */
export function sideBySide(whole: Case, differences: readonly string[]): readonly string[] {
  return [
    ...columns(['Kafka Streams', '', ...javaProgram(whole)], ['Millrace', '', ...typescriptProgram(whole)]),
    '',
    ...differences,
  ]
}

/** Two columns of lines. */
export function columns(left: readonly string[], right: readonly string[], width = WIDTH): readonly string[] {
  const [lefts, rights] = [left, right].map(lines =>
    lines.flatMap(line => line.split('\n')).flatMap(line => folded(line, width)),
  )
  const wide = Math.max(0, ...(lefts ?? []).map(line => line.length))
  return Array.from({ length: Math.max(lefts?.length ?? 0, rights?.length ?? 0) }, (_, at) =>
    `${(lefts?.[at] ?? '').padEnd(wide)} | ${rights?.[at] ?? ''}`.trimEnd(),
  )
}

function folded(line: string, width: number): readonly string[] {
  if (line.length <= width) return [line]
  const at = line.lastIndexOf(' ', width)
  // Without a blank to break at it stays whole.
  if (at <= 4) return [line]
  return [line.slice(0, at), ...folded(`    ${line.slice(at + 1)}`, width)]
}
