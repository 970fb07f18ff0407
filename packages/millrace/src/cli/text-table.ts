/** Lines of columns with a head. Columns whose cells are numbers are aligned to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const texts = rows.map(row => row.map(String))
  const widths = head.map((title, at) => Math.max(title.length, ...texts.map(row => row[at]!.length)))
  const right = head.map(
    (_, at) => rows.length > 0 && rows.every(row => typeof row[at] === 'number' || row[at] === '-'),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (right[at] === true ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd()
  return [line(head), ...texts.map(line)]
}

/** A time in UTC, or `-` for none. */
export function timeText(milliseconds: number): string {
  return milliseconds < 0 ? '-' : new Date(milliseconds).toISOString()
}
