import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { buildMavenProject } from '../../scripts/maven-project.ts'

/** A Java program that answers each line of JSON with one. */
export interface Judge<Asked, Verdict> extends AsyncDisposable {
  judge(asked: Asked): Promise<Verdict>
}

/**
 * Starts a JVM beside this process.
 * @param project the folder of its Maven project, the name of its cache, and its main class
 * @throws when `java` (17 or newer) or `mvn` is missing
 */
export async function startJudge<Asked, Verdict>(project: {
  readonly sources: string
  readonly cache: string
  readonly main: string
}): Promise<Judge<Asked, Verdict>> {
  const classPath = await buildMavenProject(project.sources, project.cache)
  const java = spawn('java', ['-Xmx512m', '-XX:+UseSerialGC', '-cp', classPath, project.main])
  let complaints = ''
  java.stderr.on('data', chunk => (complaints = (complaints + String(chunk)).slice(-4_000)))
  // Writing to a process that has ended: its end says more.
  java.stdin.on('error', () => {})
  const waiting: { resolve(verdict: Verdict): void; reject(error: Error): void }[] = []
  const ended = new Promise<void>(resolve => {
    const end = (how: string): void => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`the judge ended (${how}): ${complaints}`))
      resolve()
    }
    java.once('error', error => end(error.message))
    java.once('exit', (code, signal) => end(signal ?? `exit status ${code}`))
  })
  createInterface({ input: java.stdout }).on('line', line => waiting.shift()?.resolve(JSON.parse(line) as Verdict))
  return {
    judge: asked =>
      new Promise((resolve, reject) => {
        if (java.exitCode !== null || java.signalCode !== null) return reject(new Error('the judge has ended'))
        waiting.push({ resolve, reject })
        java.stdin.write(`${JSON.stringify(asked)}\n`)
      }),
    async [Symbol.asyncDispose]() {
      java.stdin.end()
      await ended
    },
  }
}
