/**
 * `npm run bench -- --scaling`: Millrace alone, with more processes and with more state. Writes its tables into docs/benchmarks.md.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startBroker } from '../compare/broker.ts'
import { buildPackages } from '../compare/build-packages.ts'
import { contenders } from '../compare/contenders.ts'
import { Lab } from '../compare/lab.ts'
import { withSection } from '../compare/markdown.ts'
import { NoiseMeter } from '../compare/noise.ts'
import { choosePinning } from '../compare/pinning.ts'
import { measureMembers, type MembersRow } from './members.ts'
import { measureState, type StateRow } from './state.ts'

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))

export async function runScaling(options: {
  readonly port: number | undefined
  /** Factor on the numbers of records and keys. */
  readonly scale: number
  readonly pin: boolean
  /** Where the page is. @default docs/benchmarks.md for the full size, otherwise nowhere */
  readonly markdown: string | undefined
}): Promise<void> {
  buildPackages()
  const pinning = choosePinning(options.pin)
  await using broker = await startBroker(pinning, options.port)
  const lab = new Lab({
    brokers: broker.brokers,
    contenders: contenders(''),
    pinning,
    noise: new NoiseMeter(),
    scale: options.scale,
  })
  let section: string
  try {
    section = sectionOf(await measureMembers(lab), await measureState(lab))
  } finally {
    await lab.close()
  }
  console.log(section)
  const page = options.markdown ?? (options.scale === 1 ? PAGE : undefined)
  if (page !== undefined) await writeFile(page, withSection(await readFile(page, 'utf8'), section))
}

function sectionOf(members: readonly MembersRow[], states: readonly StateRow[]): string {
  return `## Processes and threads

Millrace alone, on the same broker and machine. The broker takes processor time too: the rate stops growing when all processors are
busy, and then shows what each record costs.

| workload | processes | threads of each | records/s | to one thread | CPU µs/record | |
|---|---|---|---|---|---|---|
${members.map(row => membersLine(row, members)).join('\n')}

## State

A count with a write buffer of 64 MiB. Each key takes part in one to two updates, except with few keys.

| keys | records | records/s | CPU µs/record | peak MB | |
|---|---|---|---|---|---|
${states.map(stateLine).join('\n')}
`
}

function membersLine(
  { workload, processes, threads, rate, cpuMicros, noisy }: MembersRow,
  rows: readonly MembersRow[],
) {
  const one = rows.find(row => row.workload === workload && row.processes === 1 && row.threads === 1)!
  const ratio = (rate / one.rate).toFixed(2)
  return `| \`${workload}\` | ${processes} | ${threads} | ${whole(rate)} | ${ratio} | ${cpuMicros?.toFixed(2) ?? ''} | ${noisy ? 'noisy' : ''} |`
}

function stateLine({ keys, records, rate, cpuMicros, peakMb, noisy }: StateRow): string {
  return `| ${whole(keys)} | ${whole(records)} | ${whole(rate)} | ${cpuMicros?.toFixed(2) ?? ''} | ${peakMb ?? ''} | ${noisy ? 'noisy' : ''} |`
}

function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}
