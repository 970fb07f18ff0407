// Writes docs/configuration.md. A test fails when the page and the table of options differ.
import { OPTION_TABLE } from '@millrace/runtime'
import { writeFileSync } from 'node:fs'
import { renderConfigurationDoc } from './configuration-doc/render-configuration-doc.ts'

writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderConfigurationDoc(OPTION_TABLE))
