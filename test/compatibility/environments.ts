/** One runtime, test runner or bundler, and how it runs the program in `program/`. */
export interface Environment {
  readonly name: string
  /** What has to be installed for it, as npm packages. */
  readonly packages: readonly string[]
  /** Commands that are run one after another in the project's folder; `bin:` stands for the folder of installed programs. */
  readonly commands: readonly (readonly string[])[]
  /** Added to the environment of the commands. */
  readonly variables?: Readonly<Record<string, string>>
  /** What the last command prints when the program has worked. */
  readonly prints: RegExp
  /** What a reader of the table has to know. */
  readonly remark?: string
}

const WORKS = /^works$/m
const NODE_22 = 'node-22'
const IN_MEMORY = { SMOKE_STORE: 'memory' }
/** Packages in CommonJS, kafkajs among them, call `require`, which a bundle in ESM does not have. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)"

export const ENVIRONMENTS: readonly Environment[] = [
  { name: 'Node.js 22', packages: [`${NODE_22}@npm:node@22`], commands: [[node22(), 'main.mjs']], prints: WORKS },
  { name: 'Node.js 24', packages: [], commands: [['node', 'main.mjs']], prints: WORKS },
  { name: 'Node.js 24, require()', packages: [], commands: [['node', 'main.cjs']], prints: WORKS },
  { name: 'node:test', packages: [], commands: [['node', '--test', 'smoke.node-test.mjs']], prints: /^ℹ pass 1$/m },
  {
    name: 'vitest',
    packages: ['vitest@5'],
    commands: [['bin:vitest', 'run', '--globals', 'smoke.test.mjs']],
    prints: /1 passed/,
  },
  {
    name: 'Jest',
    packages: ['jest@30'],
    commands: [
      ['node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--testMatch', '**/smoke.test.mjs'],
    ],
    prints: /1 passed/,
  },
  {
    name: 'esbuild, ESM',
    packages: ['esbuild@0.28'],
    commands: [
      ['bin:esbuild', 'bundled.mjs', ...esbuild('esm'), `--banner:js=${REQUIRE}`, '--outfile=out/esm.mjs'],
      ['node', 'out/esm.mjs'],
    ],
    prints: WORKS,
    remark: 'with a banner that defines `require`, or `--packages=external`',
  },
  {
    name: 'esbuild, CommonJS',
    packages: ['esbuild@0.28'],
    commands: [
      ['bin:esbuild', 'bundled.mjs', ...esbuild('cjs'), '--outfile=out/cjs.cjs'],
      ['node', 'out/cjs.cjs'],
    ],
    prints: WORKS,
  },
  {
    name: 'webpack',
    packages: ['webpack@5', 'webpack-cli@7'],
    commands: [
      [
        'bin:webpack',
        './bundled.mjs',
        '--target',
        'node',
        '--mode',
        'development',
        '--output-filename',
        'webpack.cjs',
        '-o',
        'out',
      ],
      ['node', 'out/webpack.cjs'],
    ],
    prints: WORKS,
  },
  {
    name: 'Bun',
    packages: ['bun@1'],
    commands: [['bin:bun', 'main.mjs']],
    variables: IN_MEMORY,
    prints: WORKS,
    remark: 'state in memory only: Bun lacks functions of libuv that the RocksDB binding calls',
  },
  {
    name: 'Deno',
    packages: ['deno@2'],
    commands: [['bin:deno', 'run', '-A', 'main.mjs']],
    variables: IN_MEMORY,
    prints: WORKS,
    remark: 'state in memory only: Deno lacks functions of libuv that the RocksDB binding calls',
  },
  ...['Bun', 'Deno'].map(name => ({
    name: `${name}, rocksdb()`,
    packages: [`${name.toLowerCase()}@${name === 'Bun' ? 1 : 2}`],
    commands: [[`bin:${name.toLowerCase()}`, ...(name === 'Bun' ? [] : ['run', '-A']), 'refused.mjs']],
    prints: /^refused: MILLRACE_STORE_BINDING_MISSING$/m,
    remark: 'refused with `MILLRACE_STORE_BINDING_MISSING`',
  })),
]

function node22(): string {
  return `node_modules/${NODE_22}/bin/node`
}

function esbuild(format: string): string[] {
  return ['--bundle', '--platform=node', `--format=${format}`, '--log-level=error']
}
