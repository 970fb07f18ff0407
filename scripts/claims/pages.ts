import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly text: string
  /** The text without blocks of code. */
  readonly prose: string
}

/** The pages of the documentation. */
export function readPages(): readonly Page[] {
  return globSync(['*.md', 'docs/**/*.md', '*/*.md', 'packages/*/README.md', 'test/*/README.md'], { cwd: root })
    .filter(path => !path.includes('node_modules') && !path.endsWith('CHANGELOG.md'))
    .toSorted()
    .map(path => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, prose: text.replaceAll(/^```.*?^```$/gmsu, block => block.replaceAll(/[^\n]/gu, '')) }
    })
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#+ (.+)$/gmu)].map(match => match[1]!.toLowerCase())
  return headings.map(heading => heading.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'))
}
