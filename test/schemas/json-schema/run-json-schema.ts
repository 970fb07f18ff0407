import { compileSchema, type Validate } from '../../../packages/schema-registry/src/json-schema/compile-schema.ts'
import {
  isSchemaNode,
  isSchemaObject,
  type JsonSchemaNode,
} from '../../../packages/schema-registry/src/json-schema/schema-documents.ts'
import type { ReferencedSchema } from '../../../packages/schema-registry/src/registry/schema-format.ts'
import { KNOWN_FAILURES, PASSES } from './known-failures.ts'
import { type OfficialSuite, openSuite, remoteSchemas, suiteFiles, type SuiteGroup } from './official-suite.ts'

const DRAFTS = [
  ['4', 'http://json-schema.org/draft-04/schema#'],
  ['6', 'http://json-schema.org/draft-06/schema#'],
  ['7', 'http://json-schema.org/draft-07/schema#'],
  ['2019-09', 'https://json-schema.org/draft/2019-09/schema'],
  ['2020-12', 'https://json-schema.org/draft/2020-12/schema'],
] as const

interface Tally {
  passed: number
  failed: number
}

/**
 * The official test suite of JSON Schema. Prints the rate for each draft, and each failure that is not explained.
 * @returns how many failures are not explained
 */
export async function runJsonSchema(given: string | undefined): Promise<number> {
  const suite = await openSuite(
    given,
    DRAFTS.map(([draft]) => draft),
  )
  const unexplained: string[] = []
  for (const [draft, meta] of DRAFTS) {
    const tallies: Readonly<Record<'required' | 'formats' | 'optional', Tally>> = {
      required: { passed: 0, failed: 0 },
      formats: { passed: 0, failed: 0 },
      optional: { passed: 0, failed: 0 },
    }
    const reasons = new Map<string, number>()
    for (const { name, groups } of suiteFiles(suite, draft)) {
      const part = name.startsWith('optional/format/')
        ? 'formats'
        : name.startsWith('optional/')
          ? 'optional'
          : 'required'
      for (const group of groups) {
        const validate = compile(group, { suite, draft, meta, formats: part === 'formats' })
        for (const test of group.tests) {
          if (passes(validate, test)) {
            tallies[part].passed += 1
            continue
          }
          tallies[part].failed += 1
          const title = `draft ${draft} ${name}: ${group.description}: ${test.description}`
          const known = KNOWN_FAILURES.find(({ matches }) => matches.test(title))
          if (known === undefined) unexplained.push(typeof validate === 'string' ? `${title} (${validate})` : title)
          else reasons.set(known.reason, (reasons.get(known.reason) ?? 0) + 1)
        }
      }
    }
    for (const [part, { passed }] of Object.entries(tallies)) {
      const expected = PASSES[draft][part as keyof typeof tallies]
      if (given === undefined && passed !== expected)
        unexplained.push(
          `draft ${draft}: ${passed} tests of ${part} pass, and not ${expected} (PASSES in known-failures.ts)`,
        )
    }
    const shown = Object.entries(tallies).map(([part, { passed, failed }]) => `${part} ${passed} of ${passed + failed}`)
    console.log(`draft ${draft}: ${shown.join(', ')}`)
    for (const [reason, times] of reasons) console.log(`  ${times} fail: ${reason}`)
  }
  for (const title of unexplained) console.log(`unexplained: ${title}`)
  return unexplained.length
}

function passes(validate: Validate | string, test: SuiteGroup['tests'][number]): boolean {
  if (typeof validate === 'string') return false
  try {
    return (validate(test.data) === undefined) === test.valid
  } catch {
    return false
  }
}

function compile(
  { schema }: SuiteGroup,
  {
    suite,
    draft,
    meta,
    formats,
  }: { readonly suite: OfficialSuite; readonly draft: string; readonly meta: string; readonly formats: boolean },
): Validate | string {
  if (!isSchemaNode(schema)) return 'it is not a schema'
  // Files of older drafts do not say for which draft they are.
  const named: JsonSchemaNode = isSchemaObject(schema) ? { $schema: meta, ...schema } : schema
  try {
    return compileSchema(named, remotes({ suite, draft }, JSON.stringify(schema)), { formats })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The remote schemas that a text may mean by its references, and those that they may mean. */
function remotes(
  from: { readonly suite: OfficialSuite; readonly draft: string },
  text: string,
  found = new Map<string, ReferencedSchema>(),
): readonly ReferencedSchema[] {
  for (const [, file] of text.matchAll(/"\$(?:ref|schema)":"(?:[^"]*\/)?([\w.-]+\.json)(?:#[^"]*)?"/g)) {
    for (const { path, schema } of remoteSchemas(from, file!)) {
      const name = `http://localhost:1234/${path}`
      if (found.has(name)) continue
      found.set(name, { reference: { name, subject: name, version: 1 }, schema })
      remotes(from, JSON.stringify(JSON.parse(schema)), found)
    }
  }
  return [...found.values()]
}
