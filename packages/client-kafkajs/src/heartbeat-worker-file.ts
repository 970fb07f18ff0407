import { existsSync } from 'node:fs'

/**
 * The file that sends heartbeats in a thread of its own, beside the module that asks; undefined in a bundle, which has no such file,
 * and in CommonJS no URL of a module either.
 */
export function heartbeatWorkerFile(moduleUrl: string | undefined): URL | undefined {
  if (moduleUrl === undefined) return undefined
  const file = new URL(moduleUrl.endsWith('.ts') ? './heartbeat-worker.ts' : './heartbeat-worker.js', moduleUrl)
  return existsSync(file) ? file : undefined
}
