import { readFile } from 'node:fs/promises'
import type { KafkaOptions } from '@millrace/client-wire'
import { UsageError } from './usage-error.ts'

/** The options of `kafka()` that JSON can hold. */
const CONNECTION_OPTIONS = ['clientId', 'tls', 'sasl', 'connectTimeoutMs', 'requestTimeoutMs'] as const

type ConnectionOptions = Partial<Pick<KafkaOptions, (typeof CONNECTION_OPTIONS)[number]>>

/** What a file says about the connection to Kafka. @throws UsageError */
export async function connectionOf(path: string | undefined): Promise<ConnectionOptions> {
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

/** @throws UsageError */
export async function contentOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
}
