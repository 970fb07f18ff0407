/**
 * `npm run mutants`: breaks a copy of the runtime in each of the ways of `mutants.ts` and lets the simulation look for it.
 * Exits with 1 when one is not found within `--runs` runs, or no longer applies.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Mutant, MUTANTS } from './mutants.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
})

const numbered = MUTANTS.map((mutant, index) => ({ mutant, number: index + 1 }))
const left = numbered.filter(({ number }) => values.only === undefined || values.only === String(number))
if (left.length === 0) {
  console.error(`--only is "${values.only}", but must be a number from 1 to ${MUTANTS.length}`)
  process.exit(2)
}
let survived = 0
await Promise.all(Array.from({ length: availableParallelism() }, tryMutants))
if (survived > 0) process.exitCode = 1

/** Tries what is left in a copy of its own: one process for each core. */
async function tryMutants(): Promise<void> {
  const copy = await copyOfRepository()
  try {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const found = await tryMutant(next.mutant, copy)
      if (!found.caught) survived++
      console.log(`${found.caught ? 'found' : 'NOT FOUND'}  ${next.number}. ${next.mutant.name}${found.detail}`)
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

async function tryMutant(mutant: Mutant, root: string): Promise<{ readonly caught: boolean; readonly detail: string }> {
  const file = join(root, mutant.file)
  const original = await readFile(file, 'utf8')
  if (!original.includes(mutant.from)) return { caught: false, detail: ` (its text is no longer in ${mutant.file})` }
  await writeFile(
    file,
    original.replace(mutant.from, () => mutant.to),
  )
  try {
    const args = [
      'test/simulation/run.ts',
      '--seed',
      values.seed ?? String(mutant.seed ?? 1),
      '--runs',
      values.runs,
      ...(mutant.groupProtocol === undefined ? [] : ['--group-protocol', mutant.groupProtocol]),
      ...(mutant.anomaly === undefined ? ['--until-failure'] : ['--until-violation', mutant.anomaly]),
      '--no-shrink',
    ]
    const child = spawn(process.execPath, ['--conditions=millrace-source', ...args], { cwd: root })
    let output = ''
    child.stdout.on('data', chunk => (output += String(chunk)))
    child.stderr.on('data', chunk => (output += String(chunk)))
    const [status] = (await once(child, 'exit')) as [number | null]
    const { anomaly = '' } = mutant
    const violated = output
      .split('\n')
      .find(line => line.startsWith(`  violated: ${anomaly}`))
      ?.trim()
    // A mutant that does not even run would be "found" by anything.
    if (status !== 0 && !output.includes('violated: '))
      return { caught: false, detail: ` (it does not run: ${output.slice(-500)})` }
    const runs = /(\d+) runs from seed/.exec(output)?.[1] ?? '?'
    if (violated === undefined) return { caught: false, detail: anomaly === '' ? '' : ` (not as ${anomaly})` }
    return { caught: true, detail: ` (after ${runs} runs: ${violated})` }
  } finally {
    await writeFile(file, original)
  }
}

/** The sources, with links to the installed packages: what is broken here is broken nowhere else. */
async function copyOfRepository(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-mutants-'))
  for (const name of ['packages', 'test/simulation', 'test/differential', 'package.json']) {
    await cp(join(ROOT, name), join(root, name), {
      recursive: true,
      filter: path => !/[\\/](node_modules|dist|target|java)$/.test(path),
    })
  }
  await mkdir(join(root, 'node_modules', '@millrace'), { recursive: true })
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name === '@millrace' || name === 'millrace') continue
    await symlink(join(ROOT, 'node_modules', name), join(root, 'node_modules', name))
  }
  for (const name of await readdir(join(root, 'packages'))) {
    const link = name === 'millrace' ? name : join('@millrace', name)
    await symlink(join(root, 'packages', name), join(root, 'node_modules', link), 'dir')
  }
  return root
}
