// The lockfile must install from any registry, so it names none; and it must be complete, so that `npm install` on another platform
// leaves it as it is.
import { readFileSync } from 'node:fs'

const text = readFileSync('package-lock.json', 'utf8')
const problems = [...namedRegistries(text), ...missingOptionalPackages(JSON.parse(text) as Lockfile)]
for (const each of problems) console.error(each)
console.log(
  problems.length === 0
    ? 'The lockfile names no registry and lists every optional package.'
    : 'Run `npm install` with the .npmrc of this repository, and commit package-lock.json.',
)
process.exitCode = problems.length === 0 ? 0 : 1

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
}

function namedRegistries(lockfile: string): string[] {
  return lockfile
    .split('\n')
    .flatMap((line, index) =>
      /"resolved": "(https?|git)/.test(line) ? [`package-lock.json:${index + 1} ${line.trim()}`] : [],
    )
}

/** A lockfile that was written on one platform lacks the binaries of others when npm had a node_modules folder to start from. */
function missingOptionalPackages({ packages }: Lockfile): string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(name => !isListed(packages, path, name))
      .map(name => `package-lock.json lacks ${name}, an optional package of ${path}`),
  )
}

/** Looks where Node would: beside the package's own dependencies, then in each folder above. */
function isListed(packages: Lockfile['packages'], path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (candidate in packages) return true
    if (folder === '') return false
  }
}
