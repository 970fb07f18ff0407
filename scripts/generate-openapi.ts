// Writes packages/query-server/openapi.json. A test fails when the file and the table of routes differ.
import { openApi } from '@millrace/query-server'
import { writeFileSync } from 'node:fs'

const file = new URL('../packages/query-server/openapi.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(openApi(), null, 2)}\n`)
