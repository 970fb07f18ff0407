import { kafka } from '@millrace/client-wire'
import { formatReset, resetApplication, type ResetPosition } from '@millrace/runtime'
import { connectionOf, contentOf } from './connection-options.ts'
import { loadPlan } from './load-plan.ts'
import { isPositionFile, parseOffsetLines, parseResetArguments, type ResetArguments } from './reset-arguments.ts'

/** Runs `millrace reset`. @returns the exit status */
export async function resetCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const parsed = parseResetArguments(args)
  const to = await positionOf(parsed.to)
  const report = await resetApplication({
    applicationId: parsed.applicationId,
    client: kafka({ ...(await connectionOf(parsed.commandConfig)), brokers: parsed.brokers }),
    intermediateTopics: parsed.intermediateTopics,
    force: parsed.force,
    dryRun: parsed.dryRun,
    ...(to !== undefined && { to }),
    ...(parsed.topology !== undefined && { topology: await loadPlan(parsed.topology) }),
    ...(parsed.inputTopics !== undefined && { inputTopics: parsed.inputTopics }),
    ...(parsed.internalTopics !== undefined && { internalTopics: parsed.internalTopics }),
    ...(parsed.stateDir !== undefined && { stateDir: parsed.stateDir }),
  })
  print(formatReset(report))
  return report.obstacles.length === 0 ? 0 : 1
}

async function positionOf(to: ResetArguments['to']): Promise<ResetPosition | undefined> {
  if (to === undefined || !isPositionFile(to)) return to
  return { offsets: parseOffsetLines(await contentOf(to.file)) }
}
