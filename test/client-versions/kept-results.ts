import { readFile, writeFile } from 'node:fs/promises'
import type { Cell } from './table.ts'

interface Kept {
  readonly commit: string
  /** By release, nodes, client and suite, with a blank between them. */
  readonly cells: Readonly<Record<string, Cell>>
}

/** Results in a file, so that a run of hours that was interrupted goes on where it was. Those of another commit do not count. */
export class KeptResults {
  readonly #file: string | undefined
  readonly #commit: string
  readonly #cells: Record<string, Cell>

  private constructor(file: string | undefined, commit: string, cells: Record<string, Cell>) {
    this.#file = file
    this.#commit = commit
    this.#cells = cells
  }

  /** @param file undefined: nothing is kept */
  static async open(file: string | undefined, commit: string): Promise<KeptResults> {
    const kept = file === undefined ? undefined : await read(file)
    return new KeptResults(file, commit, kept?.commit === commit ? { ...kept.cells } : {})
  }

  /** @returns undefined also for one in which something failed: it is run again */
  get(...name: readonly string[]): Cell | undefined {
    const cell = this.#cells[name.join(' ')]
    return cell === undefined || cell.tally.failed > 0 ? undefined : cell
  }

  async add(cell: Cell, ...name: readonly string[]): Promise<void> {
    this.#cells[name.join(' ')] = cell
    const kept: Kept = { commit: this.#commit, cells: this.#cells }
    if (this.#file !== undefined) await writeFile(this.#file, `${JSON.stringify(kept, null, 2)}\n`)
  }
}

async function read(file: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${file} is not a file of results`, { cause: error })
  }
}
