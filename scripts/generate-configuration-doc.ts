// Writes docs/configuration.md. A test fails when the page differs from the options.
import { OPTION_TABLE } from '@millrace/runtime'
import { writeFileSync } from 'node:fs'
import { readOptions } from './configuration-doc/read-options.ts'
import { renderConfigurationDoc } from './configuration-doc/render-configuration-doc.ts'

writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderConfigurationDoc(readOptions(), OPTION_TABLE))
