// Writes docs/errors.md. A test fails when the page and the table of errors differ.
import { ERROR_TABLE } from '@millrace/core'
import { writeFileSync } from 'node:fs'
import { renderErrorsDoc } from './errors-doc/render-errors-doc.ts'

writeFileSync(new URL('../docs/errors.md', import.meta.url), renderErrorsDoc(ERROR_TABLE))
