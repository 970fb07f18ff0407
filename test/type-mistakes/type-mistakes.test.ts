import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const repository = here('../../')
const file = here('mistakes.md')
// Within the repository, so that its packages are found.
const directory = here('../../node_modules/.cache/type-mistakes')

interface Mistake {
  readonly title: string
  readonly code: string
  readonly printed: string | undefined
}

/** `## title`, the code, and what is printed. */
function mistakesOf(text: string): readonly Mistake[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map(section => {
      const [title = '', ...rest] = section.split('\n')
      const [code = '', printed] = [...rest.join('\n').matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block]) => block)
      return { title, code, printed: printed?.trim() }
    })
}

/** The first line that the compiler prints for each piece of code, without the place. */
async function firstErrors(setup: string, codes: readonly string[]): Promise<readonly string[]> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  for (const [n, code] of codes.entries()) await writeFile(join(directory, `${n}.mts`), `${setup}\n${code}`)
  const compilerOptions = {
    noEmit: true,
    composite: false,
    paths: { millrace: [join(repository, 'packages/millrace/src/index.ts')] },
  }
  const config = { extends: join(repository, 'tsconfig.base.json'), compilerOptions, include: ['*.mts'] }
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', directory, '--pretty', 'false'], {
    cwd: directory,
  }).catch((error: { readonly stdout: string }) => error)
  const lines = stdout.split('\n')
  return codes.map((_code, n) => {
    const line = lines.find(each => each.startsWith(`${n}.mts(`))
    return line === undefined ? 'compiles' : line.replace(/^.*?: error /, '')
  })
}

it('says first what to do', async () => {
  const text = await readFile(file, 'utf8')
  const [setup, ...mistakes] = mistakesOf(text)
  const printed = await firstErrors(
    setup!.code,
    mistakes.map(({ code }) => code),
  )
  if (process.env['UPDATE_TYPE_MISTAKES'] !== undefined) {
    const sections = mistakes.map(
      ({ title, code }, n) => `## ${title}\n\`\`\`ts\n${code}\`\`\`\n\`\`\`text\n${printed[n]}\n\`\`\`\n`,
    )
    const head = text.slice(0, text.indexOf(`## ${mistakes[0]!.title}`))
    await writeFile(file, head + sections.join('\n'))
    return
  }
  const shown = (lines: readonly (string | undefined)[]) =>
    Object.fromEntries(mistakes.map(({ title }, n) => [title, lines[n]]))
  expect(shown(printed)).toEqual(shown(mistakes.map(each => each.printed)))
}, 120_000)
