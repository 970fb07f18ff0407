/** One row of `docs/claims.md`. */
interface Claim {
  readonly claim: string
  readonly statedIn: string
  readonly checks: readonly Check[]
}

export interface Check {
  /** A path of the repository, or a command that begins with `npm`. */
  readonly target: string
  /** A part of the text of that file: mostly the name of a test. */
  readonly text: string | undefined
}

const ROW = /^\| (?<claim>.+) \| (?<statedIn>[^|]+) \| (?<checkedBy>[^|]+) \|$/u
/** A target, or a text in quotes: further texts of the same target follow after a semicolon. */
const PART = /`(?<target>[^`]*(?:[/ ]|\.ts|\.md)[^`]*)`|"(?<text>[^"]+)"/gu

/** The rows of all tables of the page, without their heads. */
export function readClaims(page: string): readonly Claim[] {
  const rows = page.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| claim |'))
  return rows.map(line => {
    const { claim, statedIn, checkedBy } = ROW.exec(line)?.groups ?? {}
    if (claim === undefined || statedIn === undefined || checkedBy === undefined)
      throw new Error(`This is not a row of claims: ${line}`)
    return { claim, statedIn, checks: checksIn(checkedBy) }
  })
}

/** What a cell of such a table names. */
export function checksIn(cell: string): readonly Check[] {
  const checks: Check[] = []
  let target: string | undefined
  let texts = 0
  const finish = () => {
    if (target !== undefined && texts === 0) checks.push({ target, text: undefined })
    texts = 0
  }
  for (const { groups } of cell.matchAll(PART)) {
    const { text } = groups!
    if (text === undefined) {
      finish()
      target = groups!['target']!
      continue
    }
    if (target === undefined) throw new Error(`A text without a file before it: "${text}"`)
    texts++
    checks.push({ target, text })
  }
  finish()
  return checks
}
