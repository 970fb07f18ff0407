import { shareLine } from '../engine/profile.ts'
import { goalText, main, otherRemarks } from './markdown.ts'
import type { ProfiledRun } from './profiled.ts'
import type { Figures, Row } from './rows.ts'

/** Prints one row for the terminal. */
export function printRow(row: Row): void {
  const { workload, java, millrace, kafkajs, ratio, goal, goalReached, equalOutput, noisy, failed } = row
  if (failed !== undefined) return console.log(`${workload}: NOT MEASURED: ${failed}`)
  console.log(`${workload}: ${row.title}`)
  for (const [name, figures] of Object.entries({
    'Kafka Streams': java,
    Millrace: millrace,
    'over kafkajs': kafkajs,
  })) {
    if (figures !== undefined) console.log(`    ${name.padEnd(13)} ${line(figures)}`)
  }
  for (const other of Object.values(row.others ?? {})) {
    const remarks = otherRemarks(other)
    console.log(`    ${other.title}: ${[...(other.failed === undefined ? [line(other)] : []), ...remarks].join(', ')}`)
  }
  if (ratio === undefined) return
  const range = `${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)} in ${row.rounds} rounds`
  const remarks = [
    goalReached ? 'reached' : 'MISSED',
    ...(equalOutput === undefined ? [] : [equalOutput ? 'equal outputs' : 'OUTPUTS DIFFER']),
    ...(noisy ? ['noisy'] : []),
    ...(row.cost === undefined ? [] : [`costs ${(row.cost * 100).toFixed(0)} % against at-least-once`]),
  ]
  console.log(`    ratio         ${ratio.median.toFixed(2)} (${range}), goal ${goalText(goal)}: ${remarks.join(', ')}`)
}

export function printProfile({ idle, top }: ProfiledRun): void {
  console.log(`    the thread that processes was idle for ${(idle * 100).toFixed(0)} % of the run; of the rest:`)
  for (const one of top) console.log(`    ${shareLine(one)}`)
}

function line(figures: Figures): string {
  const { cpuMicros, peakMb } = figures
  const parts = [main(figures)]
  if (cpuMicros !== undefined) parts.push(`${cpuMicros.toFixed(2)} µs of CPU for each record`)
  if (peakMb !== undefined) parts.push(`at most ${peakMb.toFixed(0)} MB`)
  return parts.join(', ')
}
