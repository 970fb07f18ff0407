import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plan } from '@millrace/core'
import { isApplication } from '@millrace/runtime'
import { UsageError } from './usage-error.ts'

/** The plan that a module exports, under whatever name, alone or in an application. @throws UsageError unless it is one */
export async function loadPlan(path: string): Promise<Plan> {
  const exported = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>
  const values = Object.values(exported).map(value => (isApplication(value) ? value.plan : value))
  const plans = [...new Set(values.filter(isPlan))]
  const [plan] = plans
  if (plan === undefined) throw new UsageError(`${path} exports no plan: export the result of builder.build()`)
  if (plans.length > 1) throw new UsageError(`${path} exports ${plans.length} plans: export one`)
  return plan
}

function isPlan(value: unknown): value is Plan {
  if (typeof value !== 'object' || value === null) return false
  const { nodes, stores, subTopologies, repartitionTopics } = value as Partial<Plan>
  return [nodes, stores, subTopologies, repartitionTopics].every(part => Array.isArray(part))
}
