/** One row of `docs/claims.md`. */
interface Claim {
  readonly claim: string
  readonly checks: readonly Check[]
}

export interface Check {
  /** A path of the repository, or a command that begins with `npm`. */
  readonly target: string
  /** A part of the text of that file: mostly the name of a test. */
  readonly text: string | undefined
}

const ROW = /^\| (?<claim>.+) \| (?<statedIn>[^|]+) \| (?<checkedBy>[^|]+) \|$/u
const CHECK = /`(?<target>[^`]*(?:[/ ]|\.ts)[^`]*)`(?:: "(?<text>[^"]+)")?/gu

/** The rows of all tables of the page, without their heads. */
export function readClaims(page: string): readonly Claim[] {
  const rows = page.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| claim |'))
  return rows.map(line => {
    const { claim, checkedBy } = ROW.exec(line)?.groups ?? {}
    if (claim === undefined || checkedBy === undefined) throw new Error(`This is not a row of claims: ${line}`)
    return { claim, checks: checksIn(checkedBy) }
  })
}

/** What a cell of such a table names. */
export function checksIn(cell: string): readonly Check[] {
  return [...cell.matchAll(CHECK)].map(({ groups }) => ({ target: groups!['target']!, text: groups!['text'] }))
}
