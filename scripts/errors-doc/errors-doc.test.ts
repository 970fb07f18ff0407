import { ERROR_TABLE } from '@millrace/core'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { renderErrorsDoc } from './render-errors-doc.ts'

it('docs/errors.md shows the table of errors as it is', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  expect(page, 'Run `npm run docs:errors` and commit the page.').toBe(renderErrorsDoc(ERROR_TABLE))
})

it('shows code, kind, message and remedy of a row', () => {
  const page = renderErrorsDoc({ MILLRACE_A_B: { kind: 'record', message: 'Topic {topic} | <x>', hint: 'Mend it.' } })
  expect(page).toContain('| <a id="millrace_a_b"></a>`MILLRACE_A_B` | `record` | Topic *topic* \\| &lt;x> | Mend it. |')
})
