import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { expect, it } from 'vitest'

const PLAN = new URL('plan.ts', import.meta.url)

interface Module {
  readonly url: URL
  /** Without types and comments. */
  readonly code: string
}

/** The modules that a browser would load for an entry. */
function modulesOf(entry: URL): { readonly modules: readonly Module[]; readonly outside: readonly string[] } {
  const modules = new Map<string, Module>()
  const outside = new Set<string>()
  const visit = (url: URL) => {
    if (modules.has(url.href)) return
    const code = stripTypeScriptTypes(readFileSync(url, 'utf8')).replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    modules.set(url.href, { url, code })
    for (const [, specifier] of code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      if (specifier!.startsWith('.')) visit(new URL(specifier!, url))
      else outside.add(specifier!)
    }
  }
  visit(entry)
  return { modules: [...modules.values()], outside: [...outside] }
}

/** Names that only Node.js has, outside of texts. */
function namesOfNode({ url, code }: Module): readonly string[] {
  const names = code.replaceAll(/'[^'\n]*'|`[^`]*`/g, '').match(/\b(?:Buffer|process(?=\.)|require(?=\())\b/g) ?? []
  return names.map(name => `${url.pathname.split('/src/').at(-1)}: ${name}`)
}

it('the entry of plans needs no module and no name of Node.js', () => {
  const { modules, outside } = modulesOf(PLAN)
  expect(modules.length).toBeGreaterThan(50)
  expect(outside).toEqual([])
  expect(modules.flatMap(namesOfNode)).toEqual([])
})

it.each(['engine.ts', 'codec.ts'])('the same check finds what %s needs of Node.js', entry => {
  expect(modulesOf(new URL(entry, import.meta.url)).modules.flatMap(namesOfNode)).toContain(
    'record/node-byte-arrays.ts: Buffer',
  )
})

it('plans are built and serdes write and read where there is no Buffer and no process', () => {
  const program = `
    const { exit, stdout } = process
    for (const name of ['Buffer', 'process', 'require', 'global', 'setImmediate']) delete globalThis[name]
    const core = await import(${JSON.stringify(PLAN.href)})
    const { string, json, long, list, int, uuid, bytes, timeWindowed, StreamsBuilder } = core
    const builder = new StreamsBuilder()
    const words = builder.stream('lines', { key: string(), value: string() }).groupBy(word => word, { key: string() })
    words.count({ store: 'counts' }).toStream().to('counts')
    const right = builder.table('right', { key: string(), value: json() })
    builder.table('left', { key: string(), value: json() }).join(right, row => row.of, (a, b) => [a, b]).toStream().to('joined', { value: json() })
    const plan = builder.build()
    const same = [
      [string(), 'a'], [string(), 'Grüße, 世界 👋 and some more than sixteen'], [json(), { a: [1, 'ß'] }], [long(), -5n],
      [list(int()), [1, -2]], [uuid(), '123e4567-e89b-12d3-a456-426614174000'],
    ].map(([serde, value]) => {
      const written = serde.serialize(value, 't')
      return [written.constructor.name, serde.deserialize(written, 't')]
    })
    const window = { start: 60_000, end: 120_000 }
    const windowed = timeWindowed(string(), { sizeMs: 60_000 })
    same.push(['', windowed.deserialize(windowed.serialize({ key: 'k', window }, 't'), 't').key])
    stdout.write(JSON.stringify([plan.nodes.length, core.describeTopology(plan).includes('Sub-topology: 1'), core.toMermaid(plan).length > 100, same],
      (_key, value) => typeof value === 'bigint' ? String(value) : value), () => exit(0))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  expect(stderr.replaceAll(/.*Warning.*\n.*/g, '').trim()).toBe('')
  expect(JSON.parse(stdout)).toEqual([
    expect.any(Number),
    true,
    true,
    [
      ['Uint8Array', 'a'],
      ['Uint8Array', 'Grüße, 世界 👋 and some more than sixteen'],
      ['Uint8Array', { a: [1, 'ß'] }],
      ['Uint8Array', '-5'],
      ['Uint8Array', [1, -2]],
      ['Uint8Array', '123e4567-e89b-12d3-a456-426614174000'],
      ['', 'k'],
    ],
  ])
})
