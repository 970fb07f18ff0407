import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMillraceError, type Plan, reasonOf } from '@millrace/core'
import { type Application, isApplication } from '@millrace/runtime'
import { UsageError } from './usage-error.ts'

/** What a module exports of an application: the plan, and the options where it exports both together. */
export interface LoadedModule {
  readonly plan: Plan
  readonly application: Application | undefined
  /** How the plan is reached from the exports, such as `.default.plan`. */
  readonly planOf: string
}

/** The plan that a module exports, under whatever name, alone or in an application. @throws UsageError unless it is one */
export async function loadPlan(path: string): Promise<Plan> {
  return (await loadModule(path)).plan
}

/** @throws UsageError as `loadPlan` does */
export async function loadModule(path: string): Promise<LoadedModule> {
  const exported = Object.entries(await importedModule(path))
  const application = exported.map(([, value]) => value).find(isApplication)
  const found = exported.flatMap(([name, value]): readonly (readonly [Plan, string])[] => {
    if (isApplication(value)) return [[value.plan, `.${name}.plan`]]
    return isPlan(value) ? [[value, `.${name}`]] : []
  })
  const plans = new Map(found)
  const [first] = plans
  if (first === undefined) throw new UsageError(`${path} exports no plan: export the result of builder.build()`)
  if (plans.size > 1) throw new UsageError(`${path} exports ${plans.size} plans: export one`)
  const [plan, planOf] = first
  return { plan, application, planOf }
}

async function importedModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw new UsageError(`${path} cannot be imported: ${reasonOf(error)}`, { cause: error })
  }
}

function isPlan(value: unknown): value is Plan {
  if (typeof value !== 'object' || value === null) return false
  const { nodes, stores, subTopologies, repartitionTopics } = value as Partial<Plan>
  return [nodes, stores, subTopologies, repartitionTopics].every(part => Array.isArray(part))
}
