/**
 * Which packages of this repository a package may depend on, by folder name; `*` stands for any run of characters. The
 * first row that matches counts. Third-party packages are the business of each package.json, except that core has none.
 */
const TIERS: readonly Tier[] = [
  { package: 'core', dependsOn: [], bare: true },
  { package: 'dev-kafka', dependsOn: [] },
  { package: 'query-client', dependsOn: [], bare: true },
  { package: 'query-server', dependsOn: ['core', 'runtime', 'query-client'] },
  { package: 'opentelemetry', dependsOn: ['core', 'runtime'] },
  { package: 'testing', dependsOn: ['core', 'runtime', 'client-memory'] },
  {
    package: 'millrace',
    dependsOn: [
      'core',
      'runtime',
      'client-*',
      'store-*',
      'testing',
      'schema-registry',
      'personal-data',
      'query-client',
      'console',
    ],
  },
  { package: 'console', dependsOn: ['core', 'runtime', 'query-client'] },
  { package: 'client-*', dependsOn: ['core', 'compression'] },
  // The runtime, every adapter (client-*, store-*), and whatever is built on plans and operators alone.
  { package: '*', dependsOn: ['core'] },
]

/** Folders outside that may read files within packages: what is compared there byte for byte is no entry of any. */
export const MAY_REACH_IN: readonly string[] = ['test/differential/formats', 'test/schemas']

/**
 * The floors of a package, top to bottom: the folders of its `src`. A file may import its own floor and those below it. Files that
 * lie beside the folders are below all of them, except `index.ts`, which is above. Tests are exempt.
 */
export const FLOORS: Readonly<Record<string, readonly string[]>> = {
  runtime: [
    'app',
    'reset',
    'inspect',
    'loop',
    'commit',
    'query',
    'globals',
    'task',
    'restore',
    'policy',
    'state',
    'group',
    'topics',
    'config',
    'observe',
  ],
}

export interface Tier {
  readonly package: string
  readonly dependsOn: readonly string[]
  /** No dependencies at all, and nothing of Node's own modules. */
  readonly bare?: boolean
}

export function tierOf(folder: string): Tier {
  return TIERS.find(tier => matches(tier.package, folder))!
}

export function mayDependOn(tier: Tier, folder: string): boolean {
  return tier.dependsOn.some(pattern => matches(pattern, folder))
}

function matches(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name)
}
