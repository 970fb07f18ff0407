import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as core from '@millrace/core'
import { expect, it } from 'vitest'
import { text } from '../catalogue.ts'
import type { Case } from '../compare-case.ts'
import { generateCase } from '../generate-case.ts'
import { fixedKeyProcessor, ownStore, processor, upperGlobal } from '../interpret/processors.ts'
import { countingTransformer } from '../interpret/tables.ts'
import { interpret } from '../interpreter.ts'
import type { TopologySpec } from '../spec.ts'
import { typescriptProgram, typescriptTopology } from './typescript-program.ts'

const NAMES = { ...core, text, ownStore, processor, fixedKeyProcessor, upperGlobal, countingTransformer }

/** What the printed program builds. */
function built(topology: TopologySpec): core.Plan {
  const body = [...typescriptTopology(topology), 'return builder.build()'].join('\n')
  // eslint-disable-next-line typescript/no-implied-eval
  return (new Function(...Object.keys(NAMES), body) as (...names: unknown[]) => core.Plan)(...Object.values(NAMES))
}

it('builds the topology that it was printed from', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const { topology } = generateCase(seed)
    let plan: core.Plan
    try {
      plan = interpret(topology)
    } catch (error) {
      expect(() => built(topology)).toThrow((error as Error).message)
      continue
    }
    expect(plain(built(topology))).toEqual(plain(plan))
  }
})

/** All of a plan but for what its functions are called. */
function plain(plan: core.Plan): unknown {
  return JSON.parse(JSON.stringify(plan).replaceAll(/"fn( [^"]*)?"/g, '"fn"'))
}

it('runs as it stands', async () => {
  const whole: Case = {
    topology: [
      { op: 'stream', id: 'in1', topics: ['in'] },
      { op: 'mapValues', id: 's2', from: 'in1', mapper: 'upper' },
      { op: 'to', from: 's2', topic: 'out' },
    ],
    inputs: [{ topic: 'in', key: 'aw==', value: 'YSdi', timestamp: 5, headers: [['h', null]] }],
    caching: false,
    optimization: ['merge.repartition.topics'],
  }
  const file = fileURLToPath(new URL('../printed-program.tmp.ts', import.meta.url))
  try {
    await writeFile(file, typescriptProgram(whole).join('\n'))
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=millrace-source', file])
    expect(stdout).toBe("out k A'B 5\n")
  } finally {
    await rm(file)
  }
}, 60_000)
