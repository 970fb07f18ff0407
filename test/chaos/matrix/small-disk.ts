import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SIZE_MB = 1024
const FILL = 'fill'
const PART = Buffer.alloc(4 * 1024 * 1024)

/** A directory of its own for the state of the processes, on a file system that can be filled. */
export interface SmallDisk extends AsyncDisposable {
  readonly directory: string
  /** Undefined where it can be filled, and why not otherwise. */
  readonly cannotFill: string | undefined
  /** Every further byte is refused with ENOSPC. */
  fill(): Promise<void>
  free(): Promise<void>
}

/** A `tmpfs`, which takes the right to mount: root has it, and `unshare -rm npm run chaos -- --matrix` gives it to anyone. */
export async function smallDisk(): Promise<SmallDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-matrix-'))
  const cannotFill = mount(directory)
  const fill = join(directory, FILL)
  return {
    directory,
    cannotFill,
    async fill() {
      for (let part = 0; ; part++) {
        try {
          await writeFile(fill, PART, { flag: part === 0 ? 'w' : 'a' })
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
          throw error
        }
      }
    },
    free: () => rm(fill, { force: true }),
    async [Symbol.asyncDispose]() {
      if (cannotFill === undefined) execFileSync('umount', ['--lazy', directory])
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function mount(directory: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', directory], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    const reason = (error as { readonly stderr?: Buffer }).stderr?.toString().trim() ?? String(error)
    return `no file system can be mounted here (${reason}); "unshare -rm npm run chaos -- --matrix" may`
  }
}
