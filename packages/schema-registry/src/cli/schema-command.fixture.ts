import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { type RunningRegistry, startRegistry } from '../start-registry.ts'
import { schemaCommand } from './schema-command.ts'

/** A registry and a directory for each test, and the commands that use them. */
export function useSchemaCommand() {
  let directory: string
  let running: RunningRegistry
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-schema-'))
    running = await startRegistry()
  })
  afterEach(async () => {
    rmSync(directory, { recursive: true, force: true })
    await running.close()
  })

  async function run(...args: readonly string[]) {
    const lines: string[] = []
    const print = (line: string) => void lines.push(line)
    const kafka = () => () => {
      throw new Error('no Kafka here')
    }
    const status = await schemaCommand(args, {
      print,
      printError: print,
      kafka,
      env: { SCHEMA_REGISTRY_URL: running.url },
    })
    return { status, text: lines.join('\n') }
  }

  /** @param schema text, or an object that becomes JSON */
  async function register(subject: string, schema: unknown, more: object = {}): Promise<void> {
    const response = await fetch(`${running.url}/subjects/${encodeURIComponent(subject)}/versions`, {
      method: 'POST',
      body: JSON.stringify({ schema: textOf(schema), ...more }),
    })
    expect(response.status, await response.text()).toBe(200)
  }

  async function level(subject: string, compatibility: string): Promise<void> {
    await fetch(`${running.url}/config/${subject}`, { method: 'PUT', body: JSON.stringify({ compatibility }) })
  }

  function file(name: string, schema: unknown): string {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, textOf(schema))
    return path
  }

  return {
    get directory() {
      return directory
    },
    run,
    register,
    level,
    file,
  }
}

function textOf(schema: unknown): string {
  return typeof schema === 'string' ? schema : JSON.stringify(schema)
}

/** What the compiler says about generated files and a program that uses them. */
export function compile(files: Readonly<Record<string, string>>): string {
  // In the package, whose own name the program imports.
  const folder = mkdtempSync(join(import.meta.dirname, 'generated-'))
  try {
    for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code)
    const compiler = join(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc')
    const options = '--noEmit --strict --target esnext --module nodenext --skipLibCheck --allowImportingTsExtensions'
    const args = [...options.split(' '), '--ignoreConfig', '--types', 'node', '--customConditions', 'millrace-source']
    const { stdout } = spawnSync(process.execPath, [compiler, ...args, join(folder, 'program.ts')], {
      encoding: 'utf8',
    })
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}
