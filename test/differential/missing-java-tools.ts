import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Says what the Java peer misses on this machine, or undefined when it can be started. */
export async function missingJavaTools(): Promise<string | undefined> {
  const there = await Promise.all([answers('java', '-version'), answers('mvn', '--version')])
  const missing = ['java', 'mvn'].filter((_tool, index) => !there[index])
  return missing.length === 0 ? undefined : `this machine has no ${missing.join(' and no ')}`
}

async function answers(command: string, argument: string): Promise<boolean> {
  try {
    await run(command, [argument], { shell: process.platform === 'win32' })
    return true
  } catch {
    return false
  }
}
