import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endWithProcess } from './end-with-process.ts'
import type { Pinning } from './pinning.ts'

const CLI = fileURLToPath(new URL('../../packages/dev-kafka/src/cli.ts', import.meta.url))

export interface Broker extends AsyncDisposable {
  /** Bootstrap list. */
  readonly brokers: string
}

/** Starts a broker in a process of its own, which can be pinned; or takes the one that `KAFKA_BROKERS` names. */
export async function startBroker(pinning: Pinning, port: number | undefined): Promise<Broker> {
  const given = process.env['KAFKA_BROKERS']
  if (given) return { brokers: given, async [Symbol.asyncDispose]() {} }
  // Outputs of a run are deleted after it: their segments must not fill the disk meanwhile.
  const settings = ['--tuning', 'throughput', '--config', 'file.delete.delay.ms=1000']
  const args = ['--conditions=millrace-source', CLI, ...settings, ...(port === undefined ? [] : ['--port', `${port}`])]
  const [command, ...rest] = pinning.broker([process.execPath, ...args])
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  endWithProcess(child, 'SIGTERM')
  const exited = once(child, 'exit')
  const brokers = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([line]) => line as string),
    exited.then(([code]) => {
      throw new Error(`the broker did not start (status ${code as number})`)
    }),
  ])
  return {
    brokers,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
