import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface SuiteGroup {
  readonly description: string
  readonly schema: unknown
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[]
}

export interface SuiteFile {
  /** Such as `optional/format/date.json`. */
  readonly name: string
  readonly groups: readonly SuiteGroup[]
}

/** The texts of the suite's files by their paths: of the tests of each draft, and of the schemas at `http://localhost:1234/PATH`. */
export interface OfficialSuite {
  readonly drafts: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly remotes: Readonly<Record<string, string>>
}

/** The official suite: the copy that is kept here, or the given folder, which is a clone of its repository. */
export async function openSuite(folder: string | undefined, drafts: readonly string[]): Promise<OfficialSuite> {
  if (folder === undefined) {
    const kept = await readFile(new URL('./official-suite.json.gz', import.meta.url))
    return JSON.parse(gunzipSync(kept).toString()) as OfficialSuite
  }
  const texts = await Promise.all(
    drafts.map(async draft => [draft, await textsIn(join(folder, 'tests', `draft${draft}`))] as const),
  )
  return { drafts: Object.fromEntries(texts), remotes: await textsIn(join(folder, 'remotes')) }
}

async function textsIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.json')).sort()
  const texts = await Promise.all(
    names.map(async name => [name.replaceAll('\\', '/'), await readFile(join(folder, name), 'utf8')] as const),
  )
  return Object.fromEntries(texts)
}

export function suiteFiles({ drafts }: OfficialSuite, draft: string): readonly SuiteFile[] {
  return Object.entries(drafts[draft]!).map(([name, text]) => ({ name, groups: JSON.parse(text) as SuiteGroup[] }))
}

/** The schemas with this file name that the suite has at `http://localhost:1234/PATH`. */
export function remoteSchemas(
  { suite, draft }: { readonly suite: OfficialSuite; readonly draft: string },
  file: string,
): readonly { readonly path: string; readonly schema: string }[] {
  const fits = (name: string): boolean => name.startsWith(`draft${draft}/`) || !/^(?:draft|v1|latest)/.test(name)
  return Object.entries(suite.remotes)
    .filter(([name]) => fits(name) && (name === file || name.endsWith(`/${file}`)))
    .map(([path, schema]) => ({ path, schema }))
}
