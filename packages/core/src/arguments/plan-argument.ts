import { type Check, isPlainObject, kindOf, mustBe } from './check.ts'
import { checkArguments } from './checked-methods.ts'

/** What `StreamsBuilder.build` returns. Another copy of this module makes plans that are as good. */
export const aPlan: Check = (given, name) => {
  const arrays = ['nodes', 'stores', 'subTopologies', 'repartitionTopics']
  if (isPlainObject(given) && arrays.every(field => Array.isArray(given[field]))) return undefined
  const call = kindOf(given) === 'StreamsBuilder' ? ': call its build()' : ''
  return `${mustBe(name, 'the plan that builder.build() returns', given)}${call}`
}

/** @throws MILLRACE_ARGUMENT_INVALID naming the function */
export function checkPlan(called: string, plan: unknown): void {
  checkArguments(called, [['plan', aPlan]], [plan])
}
