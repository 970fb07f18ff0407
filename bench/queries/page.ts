import type { Setting } from '../compare/markdown.ts'
import type { QueryRow, Reads } from './rows.ts'

const NAMES = { java: 'Kafka Streams', millrace: 'Millrace', kafkajs: 'Millrace over kafkajs' }

/** The page `docs/query-benchmarks.md`. */
export function queriesPage(rows: readonly QueryRow[], setting: Setting & { readonly rounds: number }): string {
  return `# Reads over HTTP while records are processed

One instance counts page views by key at full speed (100,000 keys, 4 partitions, one thread, RocksDB, a commit each second), and another process
reads the counts of random keys from it over HTTP. Each connection has one request on its way. Beside it Kafka Streams with the
HTTP server of the JDK (\`com.sun.net.httpserver\`, a thread for each request in work), which finds the partition of the key and reads it by
\`TimestampedKeyQuery\`. The broker, the readers and the instance share the processors of the machine, so readers slow down processing even
where they cost the instance nothing.

"Busy" is while records are processed, from the commit that passes 10 % of the input to the last one; "idle" is the three seconds after
it. Every answer is checked: while busy it is at most the final count, and when idle it is the final answer of both, byte for byte. Figures are
${setting.rounds === 1 ? 'of one round' : `medians of ${setting.rounds} rounds`}, in which the two alternate. "Slower by" is against the same round without readers.

This page is written by \`${setting.command}\`.

- Date: ${setting.date}
- Machine: ${setting.machine}; ${setting.pinning}
- Versions: ${setting.versions}

| connections | | records/s | slower by | busy: reads/s | p50 ms | p99 ms | idle: reads/s | p50 ms | p99 ms | wrong answers | |
|---|---|---|---|---|---|---|---|---|---|---|---|
${rows.map(line).join('\n')}

"noisy": the machine was busy with other work in at least one round, so the row proves nothing.
`
}

function line({ connections, contender, records, slowdown, busy, idle, wrong, noisy }: QueryRow): string {
  const slower = slowdown === undefined ? '' : `${(slowdown * 100).toFixed(0)} %`
  const cells = [connections, NAMES[contender], whole(records), slower, ...reads(busy), ...reads(idle)]
  return `| ${[...cells, connections === 0 ? '' : wrong, noisy ? 'noisy' : ''].join(' | ')} |`
}

function reads(part: Reads | undefined): readonly string[] {
  return part === undefined ? ['', '', ''] : [whole(part.reads), part.p50.toFixed(2), part.p99.toFixed(2)]
}

function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}
