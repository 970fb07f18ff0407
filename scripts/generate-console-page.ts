// Writes packages/console/page.html. A test fails when the file and its modules differ.
import { writeFileSync } from 'node:fs'
import { bundlePage } from './console-page/bundle-page.ts'

writeFileSync(new URL('../packages/console/page.html', import.meta.url), await bundlePage())
