import type { ParityArea, ParityRow } from './parity-table.ts'

/** The page docs/kafka-streams-parity.md, from the table. */
export function renderParityDoc(areas: readonly ParityArea[]): string {
  const rows = areas.flatMap(area => area.rows)
  const whole = rows.filter(row => row.ours.length > 0 && row.missing === undefined && row.left === undefined)
  return [
    '# Kafka Streams 4.4 and Millrace',
    '',
    'What Kafka Streams 4.4 offers, what Millrace calls it, and the tests that prove it. Names of methods are the same; options',
    'are plain objects instead of classes such as `Materialized`. What is left out on purpose says why; what is *not yet* there',
    'will come. This page is made from `scripts/parity-doc/parity-table.ts` by `npm run docs:parity`; a test sees that every name',
    'is in the sources and every test is there.',
    '',
    `Of ${rows.length} rows ${whole.length} are there as a whole, ${rows.filter(row => row.missing !== undefined).length} lack something that is to come.`,
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
