// Writes docs/kafka-streams-parity.md. A test fails when the page and the table differ.
import { writeFileSync } from 'node:fs'
import { PARITY } from './parity-doc/parity-table.ts'
import { renderParityDoc } from './parity-doc/render-parity-doc.ts'

writeFileSync(new URL('../docs/kafka-streams-parity.md', import.meta.url), renderParityDoc(PARITY))
