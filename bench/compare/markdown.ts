import { shareLine } from '../engine/profile.ts'
import type { Figures, OtherFigures, Row } from './rows.ts'
import type { Goal } from './workload.ts'

/** Where and with what the rows were measured. */
export interface Setting {
  readonly date: string
  readonly command: string
  readonly machine: string
  readonly pinning: string
  readonly versions: string
}

const BAR_LENGTH = 40

/** The page `docs/benchmarks.md`. */
export function benchmarksPage(rows: readonly Row[], setting: Setting): string {
  return `# Benchmarks

Millrace beside Kafka Streams: the same topology, the same input, the same broker, one thread each, RocksDB in both. The rounds alternate.
The rate is from the commit that passes 10 % of the input to the last one. Ratios are Millrace to Kafka Streams: the median of the
rounds, with the lowest and the highest. For latency, time and memory less is better. The outputs of all runs are compared: all records
of each key in order or, where a cache decides which updates come out, the last record of each key.

This page is written by \`${setting.command}\`. [bench/README.md](../bench/README.md) says how to add a workload.

- Date: ${setting.date}
- Machine: ${setting.machine}; ${setting.pinning}
- Versions: ${setting.versions}

${table(rows)}

"noisy": the machine was busy with other work in at least one round, so the row proves nothing. "cost" is the share of the
at-least-once rate that exactly-once costs in Millrace.
${others(rows)}
## Ratios

Each bar is a median ratio, and \`|\` is the goal. Where less is better the bar should end before the goal.

\`\`\`text
${plot(rows)}
\`\`\`
${profiles(rows)}${failures(rows)}`
}

const SECTION = { begin: '<!-- scaling: written by npm run bench -- --scaling -->', end: '<!-- end of scaling -->' }

/** The page with the section about scaling, in place of the one that it has. */
export function withSection(page: string, section: string): string {
  const block = `${SECTION.begin}\n\n${section.trim()}\n\n${SECTION.end}`
  const old = sectionIn(page)
  return old === undefined ? `${page.trimEnd()}\n\n${block}\n` : page.replace(old, () => block)
}

/** The page with the section that the page before it had. */
export function keepSection(page: string, before: string): string {
  const old = sectionIn(before)
  return old === undefined ? page : `${page.trimEnd()}\n\n${old}\n`
}

function sectionIn(page: string): string | undefined {
  const [begin, end] = [page.indexOf(SECTION.begin), page.indexOf(SECTION.end)]
  return begin < 0 || end < begin ? undefined : page.slice(begin, end + SECTION.end.length)
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(row => {
    const { workload, title, java, millrace, ratio, goal, equalOutput } = row
    const remarks = [verdict(row), row.noisy ? 'noisy' : '', row.cost === undefined ? '' : `cost ${percent(row.cost)}`]
    return [
      `\`${workload}\``,
      title,
      main(java),
      main(millrace),
      ratio === undefined ? '' : `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
      goalText(goal),
      `${fixed(java?.cpuMicros)} / ${fixed(millrace?.cpuMicros)}`,
      `${whole(java?.peakMb)} / ${whole(millrace?.peakMb)}`,
      equalOutput === undefined ? '' : equalOutput ? 'yes' : '**NO**',
      remarks.filter(Boolean).join(', '),
    ].join(' | ')
  })
  return [
    '| id | workload | Kafka Streams | Millrace | ratio | goal | CPU µs/record | peak MB | equal output | |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...lines.map(line => `| ${line} |`),
  ].join('\n')
}

/** Other libraries, of the rows that have some. */
function others(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ workload, others = {} }) =>
    Object.values(others).map(other => {
      const { title, cpuMicros, peakMb } = other
      const cells = [
        `\`${workload}\``,
        title,
        main(other),
        fixed(cpuMicros),
        whole(peakMb),
        otherRemarks(other).join(', '),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  )
  if (lines.length === 0) return ''
  return `
## Other libraries

The same input and broker, one process with one worker each, at-least-once with a commit each second. [bench/README.md](../bench/README.md#other-libraries) says
where each keeps its state. "equal" is about the outputs of Kafka Streams and Millrace in the same rounds.

| id | library | rate | CPU µs/record | peak MB | |
|---|---|---|---|---|---|
${lines.join('\n')}
`
}

/** What is to be said about the figures of another library. */
export function otherRemarks({ output, unfinished, noisy, failed }: OtherFigures): readonly string[] {
  if (failed !== undefined) return [`failed: ${failed}`]
  return [outputText(output), ...(unfinished ? ['stopped before it was through'] : []), ...(noisy ? ['noisy'] : [])]
}

function outputText(output: OtherFigures['output']): string {
  if (output === undefined) return 'output not compared'
  const what = output.compared === 'everything' ? 'output' : 'keys and values'
  return output.equal ? `equal ${what}` : `${what.toUpperCase()} DIFFER FROM THOSE OF THE OTHERS`
}

function verdict({ goalReached, failed }: Row): string {
  if (failed !== undefined) return 'not measured'
  return goalReached === undefined ? '' : goalReached ? 'reached' : 'missed'
}

export function main(figures: Figures | undefined): string {
  if (figures === undefined) return ''
  const { rate, p50, p99, p999, value } = figures
  if (rate !== undefined) return `${rate.toLocaleString('en-US', { maximumFractionDigits: 0 })}/s`
  if (p99 !== undefined) return `p50 ${fixed(p50)}, p99 ${fixed(p99)}, p99.9 ${fixed(p999)} ms`
  return fixed(value)
}

function plot(rows: readonly Row[]): string {
  const drawn = rows.flatMap(({ workload, ratio, goal }) =>
    ratio === undefined ? [] : [{ workload, ratio: ratio.median, goal: limit(goal) }],
  )
  const longest = Math.max(...drawn.map(({ workload }) => workload.length), 0)
  const largest = Math.max(...drawn.map(({ ratio, goal }) => Math.max(ratio, goal)), 1)
  const columns = (value: number) => Math.round((value / largest) * BAR_LENGTH)
  return drawn
    .map(({ workload, ratio, goal }) => {
      const bar = Array.from({ length: BAR_LENGTH + 1 }, (_, column) =>
        column === columns(goal) ? '|' : column < columns(ratio) ? '█' : ' ',
      )
      return `${workload.padEnd(longest)}  ${bar.join('')} ${ratio.toFixed(2)}`
    })
    .join('\n')
}

/** Where Millrace spends its time, of the rows that have a profile. */
function profiles(rows: readonly Row[]): string {
  const sections = rows.flatMap(({ workload, profile }) => {
    if (profile === undefined) return []
    const lines = profile.top.map(shareLine)
    return [`### \`${workload}\`, ${percent(profile.idle)} idle\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`]
  })
  if (sections.length === 0) return ''
  return `
## Where Millrace spends its time

The thread that processes, from the start of its process to its end, in a run of its own under V8's profiler. Time in which it was idle is
left out of the shares. A file is named as it is compiled, with the line in it.

${sections.join('\n')}`
}

function failures(rows: readonly Row[]): string {
  const failed = rows.filter(({ failed: why }) => why !== undefined)
  if (failed.length === 0) return ''
  return `\n## Not measured\n\n${failed.map(({ workload, failed: why }) => `- \`${workload}\`: ${why}`).join('\n')}\n`
}

function limit(goal: Goal): number {
  return 'atLeast' in goal ? goal.atLeast : goal.atMost
}

export function goalText(goal: Goal): string {
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
}

function fixed(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

function whole(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(0)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
