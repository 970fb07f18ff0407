// The interface that the instance uses is StateDirectory in state-directory.ts; openStateDirectory is to give the real one.
import type { Logger } from '@millrace/core'
import { type StateDirectory, transientDirectory } from './state-directory.ts'

export async function openStateDirectory(options: {
  readonly stateDir: string
  readonly applicationId: string
  readonly logger: Logger
}): Promise<StateDirectory> {
  const { join } = await import('node:path')
  return {
    ...transientDirectory(crypto.randomUUID()),
    taskDirectory: (task) => join(options.stateDir, options.applicationId, task),
  }
}
