// Writes the generated parts of docs/reference/*.md. A test fails when a page and its sources differ.
import { writeFileSync } from 'node:fs'
import { referencePages } from './reference-doc/reference-pages.ts'

for (const { path, current, rendered } of await referencePages()) {
  if (current === rendered) continue
  writeFileSync(path, rendered)
  console.log(`written: ${path.pathname}`)
}
