import { millraceError } from '../errors/millrace-error.ts'
import type { Serde } from '../serde/serde.ts'
import type { DraftSerdes } from './graph.ts'

/**
 * Both serdes, or an error that names the missing serde and where to give it.
 * @throws MILLRACE_TOPOLOGY_SERDE_MISSING
 */
export function requiredSerdes(draft: DraftSerdes, owner: string, remedy: string) {
  return {
    keySerde: required(draft.keySerde, 'key', owner, remedy),
    valueSerde: required(draft.valueSerde, 'value', owner, remedy),
  }
}

function required(
  serde: Serde<unknown> | undefined,
  side: 'key' | 'value',
  owner: string,
  remedy: string,
): Serde<unknown> {
  if (serde !== undefined) return serde
  const hint = `Give the ${side} serde in ${remedy}. An operator that returns new ${side}s, such as map, drops the previous serde.`
  throw millraceError('MILLRACE_TOPOLOGY_SERDE_MISSING', { side, owner }, { hint })
}
