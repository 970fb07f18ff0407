// Checks which package imports which, and that no value imports form a cycle. The rules stand in boundaries/tiers.ts.
import { resolve } from 'node:path'
import { checkTree } from './boundaries/check-tree.ts'

const root = resolve(process.argv[2] ?? '.')
const violations = checkTree(root)
for (const violation of violations) console.error(violation)
console.log(
  violations.length === 0
    ? 'Dependencies point the right way.'
    : `${violations.length} dependencies point the wrong way.`,
)
process.exitCode = violations.length === 0 ? 0 : 1
