import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawTimeline } from './draw-timeline.ts'
import { type ApiEntry, readApi } from './read-api.ts'
import { renderPage } from './render-page.ts'
import { runScenario } from './run-scenario.ts'
import type { Scenario } from './scenario.ts'

const root = new URL('../../', import.meta.url)
const reference = new URL('docs/reference/', root)

/** Where the words of the reference come from. */
const API_FILES = 'packages/core/src/{assemble,dsl,operators,state,serde,record,windows,ports}/*.ts'

/** A page of docs/reference as it is and as it should be. */
export interface ReferencePage {
  readonly path: URL
  readonly current: string
  readonly rendered: string
}

export async function referencePages(): Promise<ReferencePage[]> {
  const api = readApiOf(API_FILES)
  const files = globSync('*.md', { cwd: fileURLToPath(reference) }).toSorted()
  const texts = new Map(files.map(file => [file, readFileSync(new URL(file, reference), 'utf8')]))
  const pages = [...texts]
    .filter(([file]) => file !== 'README.md')
    .map(([file, text]) => [file, titleOf(text)] as const)
  const rendered: ReferencePage[] = []
  for (const [file, current] of texts) {
    const page = await renderPage(current, { api, scenarioText, timeline, pages })
    rendered.push({ path: new URL(file, reference), current, rendered: page })
  }
  return rendered
}

/** What the files export, by name. */
export function readApiOf(pattern: string): ReadonlyMap<string, ApiEntry> {
  const cwd = fileURLToPath(root)
  const files = globSync(pattern, { cwd, exclude: ['**/*.test.ts', '**/*.test-d.ts'] }).toSorted()
  return new Map(
    files.flatMap(file => readApi(file, readFileSync(new URL(file, root), 'utf8'))).map(entry => [entry.name, entry]),
  )
}

/** Names of the files in docs/reference/scenarios. */
export function scenarioNames(): string[] {
  return globSync('*.ts', { cwd: fileURLToPath(new URL('scenarios/', reference)) })
    .map(file => basename(file, '.ts'))
    .toSorted()
}

function scenarioText(name: string): string {
  return readFileSync(scenarioFile(name), 'utf8')
}

async function timeline(name: string): Promise<string> {
  const scenario = (await import(scenarioFile(name).href)) as Scenario
  return drawTimeline(await runScenario(scenario))
}

function scenarioFile(name: string): URL {
  return new URL(`scenarios/${name}.ts`, reference)
}

function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)![1]!
}
