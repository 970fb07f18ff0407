import { summaryLine, type Tally } from '../../scripts/test-run/tally.ts'

export interface Cell {
  readonly tally: Tally
  readonly seconds: number
}

export interface Row {
  readonly version: string
  readonly nodes: string
  readonly client: string
  /** By suite; a suite that is absent was not run. */
  readonly cells: ReadonlyMap<string, Cell>
}

export function combinations(
  versions: readonly string[],
  nodes: readonly string[],
): readonly { readonly version: string; readonly nodes: string }[] {
  return versions.flatMap(version => nodes.map(count => ({ version, nodes: count })))
}

/** The results as a table in Markdown, and the reasons of skipped tests below it. */
export function tableOf(rows: readonly Row[], suites: readonly string[]): string {
  const header = ['Kafka', 'nodes', 'client', ...suites]
  const lines = rows.map(({ version, nodes, client, cells }) => [
    version,
    nodes,
    client,
    ...suites.map(suite => textOf(cells.get(suite))),
  ])
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map(line => line[column]!.length)))
  const print = (line: readonly string[]) =>
    `| ${line.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`
  const reasons = [...new Set(rows.flatMap(reasonsOf))].sort()
  return [print(header), rule, ...lines.map(print), ...reasons.map(reason => `skipped: ${reason}`)].join('\n')
}

export function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return 'not run'
  return `${cell.tally.failed > 0 ? 'FAILED: ' : ''}${summaryLine(cell.tally)}, ${cell.seconds.toFixed(0)} s`
}

function reasonsOf({ client, cells }: Row): readonly string[] {
  return [...cells.values()].flatMap(({ tally }) =>
    tally.skipped.map(({ name, reason }) => `${client}: ${name}: ${reason}`),
  )
}
