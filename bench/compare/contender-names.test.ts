import { expect, it } from 'vitest'
import { RIVALS } from '../rivals/rivals.ts'
import { CONTENDER_NAMES, isRival, OWN_NAMES, pickContenders } from './contender-names.ts'
import { findWorkloads } from './find-workloads.ts'

it('contenders are picked in the order in which they are named', () => {
  expect(pickContenders('millrace,quix', CONTENDER_NAMES)).toEqual(['millrace', 'quix'])
  expect(CONTENDER_NAMES.filter(isRival)).toEqual(Object.keys(RIVALS))
})

it('a name that is unknown, or known elsewhere only, is refused', () => {
  expect(() => pickContenders('java,milrace', CONTENDER_NAMES)).toThrow('there is no contender "milrace" here')
  expect(() => pickContenders('quix', OWN_NAMES)).toThrow('there are java, millrace, kafkajs')
})

it('every workload of a rival exists, is a throughput at-least-once, and commits each second', async () => {
  const workloads = await findWorkloads()
  for (const [name, rival] of Object.entries(RIVALS)) {
    for (const id of Object.keys(rival.workloads)) {
      const workload = workloads.find(each => each.id === id)
      expect(workload, `${name}: ${id}`).toMatchObject({ kind: 'throughput' })
      expect(workload, `${name}: ${id}`).not.toHaveProperty('guarantee')
      expect(workload, `${name}: ${id}`).not.toHaveProperty('commitIntervalMs')
    }
  }
})
