import { RIVAL_NAMES, type RivalName } from '../rivals/rivals.ts'

/** Kafka Streams, and Millrace on each of its clients: they have every workload, and their outputs are compared in full. */
export const OWN_NAMES = ['java', 'millrace', 'kafkajs'] as const
export type OwnName = (typeof OWN_NAMES)[number]

export type ContenderName = OwnName | RivalName
export const CONTENDER_NAMES: readonly ContenderName[] = [...OWN_NAMES, ...RIVAL_NAMES]

export function isRival(name: ContenderName): name is RivalName {
  return (RIVAL_NAMES as readonly string[]).includes(name)
}

/** @param list separated by commas. @throws when a name is not one of those */
export function pickContenders<Name extends ContenderName>(list: string, names: readonly Name[]): readonly Name[] {
  return list.split(',').map(wanted => {
    const name = names.find(each => each === wanted)
    if (name === undefined) throw new Error(`there is no contender "${wanted}" here; there are ${names.join(', ')}`)
    return name
  })
}
