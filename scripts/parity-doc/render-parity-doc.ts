import type { ParityArea, ParityRow } from './parity-table.ts'

/** The page docs/kafka-streams-parity.md, from the table. */
export function renderParityDoc(areas: readonly ParityArea[]): string {
  const rows = areas.flatMap(area => area.rows)
  const whole = rows.filter(row => row.ours.length > 0 && row.missing === undefined && row.left === undefined)
  return [
    '# Kafka Streams 4.4 and Millrace',
    '',
    'The features of Kafka Streams 4.4, their names in Millrace, and the tests that prove them. Methods have the same names; options are plain',
    'objects instead of classes such as `Materialized`. *Left out* is not planned, for the reason given. *Not yet* is missing so far. This page',
    'is generated from `scripts/parity-doc/parity-table.ts` by `npm run docs:parity`. A test checks that every name is in the sources and that',
    'every test file exists.',
    '',
    `Of ${rows.length} rows ${whole.length} are supported completely, and ${rows.filter(row => row.missing !== undefined).length} lack something that is planned.`,
    ...areas.flatMap(({ area, rows: own }) => [
      '',
      `## ${area}`,
      '',
      '| Kafka Streams | Millrace | proved by | remarks |',
      '|---|---|---|---|',
      ...own.map(rowOf),
    ]),
    '',
  ].join('\n')
}

function rowOf({ java, ours, tests, note, left, missing }: ParityRow): string {
  const names = ours.length === 0 ? '–' : ours.map(name => `\`${name}\``).join(', ')
  const proofs = tests.map(path => `[${path.slice(path.lastIndexOf('/') + 1)}](../${path})`).join(', ')
  const remarks = [note, left && `*Left out:* ${left}`, missing && `*Not yet:* ${missing}`].filter(Boolean).join(' ')
  return `| ${java} | ${names} | ${proofs} | ${remarks} |`
}
