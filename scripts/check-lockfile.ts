// The lockfile must install from whatever registry a machine uses: so it names none.
import { readFileSync } from 'node:fs'

const lines = readFileSync('package-lock.json', 'utf8').split('\n')
const named = lines.flatMap((line, index) =>
  /"resolved": "(https?|git)/.test(line) ? [`package-lock.json:${index + 1} ${line.trim()}`] : [],
)
for (const each of named) console.error(each)
console.log(
  named.length === 0
    ? 'The lockfile names no registry.'
    : 'Run `npm install` with the .npmrc of this repository to write it anew.',
)
process.exitCode = named.length === 0 ? 0 : 1
