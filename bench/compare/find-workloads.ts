import { readdir, readFile } from 'node:fs/promises'
import type { RunnableWorkload, Workload } from './workload.ts'

const FOLDER = new URL('../workloads/', import.meta.url)

/** Every workload of `bench/workloads/`, in the order of the file names; a new file needs no registration. */
export async function findWorkloads(): Promise<readonly Workload[]> {
  const found = await Promise.all((await workloadFiles()).map(workloadsOf))
  const workloads = found.flat()
  const ids = new Set(workloads.map(({ id }) => id))
  if (ids.size < workloads.length) throw new Error('two workloads have the same id')
  return workloads
}

/** Loads no other files than it needs: what a contender loads counts as its start-up and its memory. */
export async function findWorkload(id: string): Promise<RunnableWorkload> {
  const files = await workloadFiles()
  const texts = await Promise.all(files.map(file => readFile(new URL(file, FOLDER), 'utf8')))
  const naming = files.filter((_, index) => texts[index]!.includes(`'${id}'`))
  for (const file of [...naming, ...files.filter(each => !naming.includes(each))]) {
    const found = (await workloadsOf(file)).find(workload => workload.id === id)
    if (found?.kind === 'installation') break
    if (found !== undefined) return found
  }
  throw new Error(`there is no workload "${id}" to run`)
}

async function workloadFiles(): Promise<readonly string[]> {
  return (await readdir(FOLDER)).filter(name => name.endsWith('.ts')).sort()
}

async function workloadsOf(file: string): Promise<readonly Workload[]> {
  const { workloads } = (await import(new URL(file, FOLDER).href)) as { readonly workloads?: readonly Workload[] }
  if (workloads === undefined) throw new Error(`${file} exports no list "workloads"`)
  return workloads
}

/** @throws when an id is unknown */
export function pickWorkloads(all: readonly Workload[], only: string | undefined): readonly Workload[] {
  if (only === undefined) return all
  return only.split(',').flatMap(wanted => {
    const found = all.filter(({ id }) => id === wanted || id.startsWith(`${wanted}-`))
    if (found.length === 0) {
      throw new Error(`there is no workload "${wanted}"; there are ${all.map(({ id }) => id).join(', ')}`)
    }
    return found.filter(({ id }) => id === wanted).length > 0 ? found.filter(({ id }) => id === wanted) : found
  })
}
