import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fromBinary } from '@bufbuild/protobuf'
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { printProto } from '../../../packages/schema-registry/src/protobuf/print-proto.ts'
import { wellKnownProto } from '../../../packages/schema-registry/src/protobuf/well-known.ts'

const run = promisify(execFile)

const GOOGLE_FILES = [
  'any',
  'api',
  'descriptor',
  'duration',
  'empty',
  'field_mask',
  'source_context',
  'struct',
  'timestamp',
  'type',
  'wrappers',
].map(name => `google/protobuf/${name}.proto`)
const VERSION = '4.33.2'
const SYSTEMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'osx', win32: 'windows' }
const PROCESSORS: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch_64' }

/** Files by their paths. The first is the one that is compiled. */
export type ProtoTexts = Readonly<Record<string, string>>

export interface Protoc extends AsyncDisposable {
  /** What protoc makes of the files, with all that they import; or why it refuses them. */
  compile(texts: ProtoTexts): Promise<FileDescriptorSet | { readonly refused: string }>
}

/** Google's compiler, from Maven Central. */
export async function startProtoc(): Promise<Protoc> {
  const program = await fetchProtoc()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-protoc-'))
  await mkdir(join(folder, 'google', 'protobuf'), { recursive: true })
  // Google's own files are Millrace's text of its descriptors: protoc must be able to read these, too.
  for (const path of GOOGLE_FILES) await writeFile(join(folder, path), printProto(wellKnownProto(path)!.file))
  return {
    async compile(texts) {
      for (const [path, text] of Object.entries(texts)) await writeFile(join(folder, path), text)
      const output = join(folder, 'out.bin')
      try {
        await run(
          program,
          ['--descriptor_set_out=' + output, '--include_imports', `-I${folder}`, Object.keys(texts)[0]!],
          { cwd: folder },
        )
      } catch (error) {
        return { refused: (error as { readonly stderr?: string }).stderr ?? String(error) }
      }
      return fromBinary(FileDescriptorSetSchema, await readFile(output))
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

async function fetchProtoc(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace-protoc')
  const program = join(cache, `protoc-${VERSION}.exe`)
  if (existsSync(program)) return program
  await mkdir(cache, { recursive: true })
  const classifier = `${SYSTEMS[process.platform]}-${PROCESSORS[process.arch]}`
  const artifact = `com.google.protobuf:protoc:${VERSION}:exe:${classifier}`
  // A folder of its own: a second process must not run a file that is half there.
  const part = await mkdtemp(join(cache, 'part-'))
  await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`], {
    cwd: part,
    shell: process.platform === 'win32',
  })
  await chmod(join(part, `protoc-${VERSION}-${classifier}.exe`), 0o755)
  await rename(join(part, `protoc-${VERSION}-${classifier}.exe`), program)
  await rm(part, { recursive: true, force: true })
  return program
}
