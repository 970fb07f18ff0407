// Writes the openapi.json of query-server and console. A test of each fails when the file and the table of routes differ.
import { consoleOpenApi } from '@millrace/console'
import { openApi } from '@millrace/query-server'
import { writeFileSync } from 'node:fs'

for (const [name, description] of [
  ['query-server', openApi()],
  ['console', consoleOpenApi()],
] as const) {
  const file = new URL(`../packages/${name}/openapi.json`, import.meta.url)
  writeFileSync(file, `${JSON.stringify(description, null, 2)}\n`)
}
