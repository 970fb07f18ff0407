import { parseSync } from 'oxc-parser'

/** One `import` or `export … from` of a file. */
export interface Import {
  /** As written: `./x.ts`, `@millrace/core`, `node:fs`. */
  readonly specifier: string
  /** 1-based. */
  readonly line: number
  /**
   * Whether the import is left in the JavaScript that runs. `import type` is not; `import { type X }` is, as an import
   * for its side effects, so it counts.
   */
  readonly isValue: boolean
}

/** Every import of a TypeScript file, dynamic ones with a literal argument included. */
export function readImports(fileName: string, source: string): Import[] {
  const { module } = parseSync(fileName, source)
  const imports: Import[] = []
  const add = (specifier: string, start: number, isValue: boolean) => {
    imports.push({ specifier, line: lineOf(source, start), isValue })
  }

  for (const each of module.staticImports) {
    add(each.moduleRequest.value, each.start, !isTypeStatement(source, each.start))
  }
  for (const each of module.staticExports) {
    const request = each.entries.find(entry => entry.moduleRequest !== null)?.moduleRequest
    if (request) add(request.value, each.start, !isTypeStatement(source, each.start))
  }
  for (const each of module.dynamicImports) {
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(source.slice(each.moduleRequest.start, each.moduleRequest.end))
    if (literal) add(literal[2]!, each.start, true)
  }
  return imports
}

function isTypeStatement(source: string, start: number): boolean {
  return /^(import|export)\s+type\b(?!\s*(,|from\s*['"]))/.test(source.slice(start, start + 80))
}

function lineOf(source: string, position: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at !== -1 && at < position; at = source.indexOf('\n', at + 1)) line += 1
  return line
}
