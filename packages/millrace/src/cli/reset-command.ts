import { readFile } from 'node:fs/promises'
import { kafka, type KafkaOptions } from '@millrace/client-wire'
import { formatReset, resetApplication, type ResetPosition } from '@millrace/runtime'
import { loadPlan } from './load-plan.ts'
import {
  isPositionFile,
  parseOffsetLines,
  parseResetArguments,
  RESET_USAGE,
  type ResetArguments,
} from './reset-arguments.ts'
import { UsageError } from './usage-error.ts'

/** The options of `kafka()` that JSON can hold. */
const CONNECTION_OPTIONS = ['clientId', 'tls', 'sasl', 'connectTimeoutMs', 'requestTimeoutMs'] as const

type ConnectionOptions = Partial<Pick<KafkaOptions, (typeof CONNECTION_OPTIONS)[number]>>

/** Runs `millrace reset`. @returns the exit status */
export async function resetCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const parsed = parseResetArguments(args)
  if (parsed === undefined) {
    print(RESET_USAGE)
    return 0
  }
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

async function connectionOf(path: string | undefined): Promise<ConnectionOptions> {
  if (path === undefined) return {}
  const content = await contentOf(path)
  const options = parsedJson(path, content)
  if (typeof options !== 'object' || options === null) throw new UsageError(`${path} is not a JSON object`)
  const unknown = Object.keys(options).find(name => !CONNECTION_OPTIONS.includes(name as never))
  if (unknown !== undefined)
    throw new UsageError(`${path} has the option "${unknown}"; possible are ${CONNECTION_OPTIONS.join(', ')}`)
  return options
}

function parsedJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content) as unknown
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

async function contentOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
}
