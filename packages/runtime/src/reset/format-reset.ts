import { checkArguments, isPlainObject, mustBe } from '@millrace/core'
import type { ResetReport } from './reset-application.ts'

/** What a reset did, or with `dryRun` would do, as lines of text. */
export function formatReset(report: ResetReport): string {
  checkArguments('formatReset', [['report', aReport]], [report])
  const { applicationId, dryRun, members, offsets, deletedTopics, sparedTopics, localState, obstacles } = report
  const names = localState.entries.map(entry => `${localState.path}/${entry}`)
  const sections = [
    section(dryRun ? 'Members to remove from the group' : 'Members removed from the group', members.map(memberLine)),
    section(dryRun ? 'Local state to delete' : 'Local state deleted', names),
    section(dryRun ? 'Offsets to set' : 'Offsets set', offsets.map(offsetLine(longest(offsets)))),
    section(dryRun ? 'Internal topics to delete' : 'Internal topics deleted', deletedTopics),
    section('Topics that look internal but are kept', sparedTopics),
    section('The reset would be rejected', dryRun ? obstacles.map(({ message, hint }) => `${message}. ${hint}`) : []),
  ].flat()
  const title = dryRun
    ? `Dry run of a reset of "${applicationId}": nothing was changed`
    : `"${applicationId}" was reset`
  return [title, ...(sections.length === 0 ? ['  nothing to do'] : sections)].join('\n')
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map(line => `  ${line}`)]
}

function memberLine({ memberId, clientId }: ResetReport['members'][number]): string {
  return `${memberId} (client ${clientId})`
}

function longest(offsets: ResetReport['offsets']): number {
  return Math.max(0, ...offsets.map(({ topic, partition }) => `${topic}-${partition}`.length))
}

function offsetLine(width: number) {
  return ({ topic, partition, from, to, note }: ResetReport['offsets'][number]): string =>
    `${`${topic}-${partition}`.padEnd(width)}  ${from ?? 'none'} → ${to}${note === undefined ? '' : ` (${note})`}`
}

/** Either the promise was not awaited, or it is something else. */
function aReport(given: unknown, name: string): string | undefined {
  const usable = isPlainObject(given) && Array.isArray(given['offsets']) && isPlainObject(given['localState'])
  return usable ? undefined : mustBe(name, 'what resetApplication() resolves to', given)
}
