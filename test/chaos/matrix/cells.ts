import { APPLICATIONS, type ApplicationName } from './topologies.ts'

export const TROUBLES = [
  'rolling-restart',
  'hand-over',
  'rolling-kill',
  'take-over',
  'freeze',
  'broker-kill',
  'broker-restart',
  'controller-restart',
  'leader-moves',
  'network',
  'disk-full',
  'clock-jump',
] as const
export type TroubleName = (typeof TROUBLES)[number]

/** How the applications run. */
export interface Setting {
  readonly protocol: 'classic' | 'streams'
  readonly client: 'wire' | 'kafkajs'
  readonly guarantee: 'at_least_once' | 'exactly_once'
}

/** kafkajs does not speak the streams protocol. */
export const SETTINGS: readonly Setting[] = (
  [
    ['classic', 'wire'],
    ['streams', 'wire'],
    ['classic', 'kafkajs'],
  ] as const
).flatMap(([protocol, client]) =>
  (['exactly_once', 'at_least_once'] as const).map(guarantee => ({ protocol, client, guarantee })),
)

export interface Selection {
  readonly applications: readonly ApplicationName[]
  readonly troubles: readonly TroubleName[]
  readonly settings: readonly Setting[]
}

/**
 * A part of the matrix: of each dimension the values that are named, or all where none is.
 *
 * @param words such as `disk-full,streams,exactly_once`
 * @throws with a sentence for a word that is in no dimension
 */
export function selectCells(words: string | undefined): Selection {
  const named = new Set((words ?? '').split(',').filter(word => word !== ''))
  const of = <Name extends string>(names: readonly Name[]): readonly Name[] => {
    const chosen = names.filter(name => named.has(name))
    for (const name of chosen) named.delete(name)
    return chosen.length === 0 ? names : chosen
  }
  const applications = of(APPLICATIONS)
  const troubles = of(TROUBLES)
  const protocols = of(['classic', 'streams'])
  const clients = of(['wire', 'kafkajs'])
  const guarantees = of(['exactly_once', 'at_least_once'])
  const settings = SETTINGS.filter(
    ({ protocol, client, guarantee }) =>
      protocols.includes(protocol) && clients.includes(client) && guarantees.includes(guarantee),
  )
  if (named.size > 0) {
    const known = [
      ...APPLICATIONS,
      ...TROUBLES,
      'classic',
      'streams',
      'wire',
      'kafkajs',
      'exactly_once',
      'at_least_once',
    ]
    throw new Error(`--only has ${[...named].join(', ')}; possible are ${known.join(', ')}`)
  }
  if (settings.length === 0) throw new Error('--only leaves no cell: kafkajs does not speak the streams protocol')
  return { applications, troubles, settings }
}

/** One application in one trouble. */
export interface CellResult {
  readonly setting: Setting
  readonly trouble: TroubleName
  readonly application: ApplicationName
  /** The longest time in which a partition of the output got nothing; undefined if the trouble was left out. */
  readonly silentMs: number | undefined
  readonly mistakes: readonly string[]
}

export function nameOfSetting({ protocol, client, guarantee }: Setting): string {
  return `${protocol}, ${client}, ${guarantee}`
}

/** For each setting a table of troubles and applications: the seconds without output, and what is wrong. */
export function tableOfCells(cells: readonly CellResult[], skipped: ReadonlyMap<TroubleName, string>): string {
  const settings = [...Map.groupBy(cells, ({ setting }) => nameOfSetting(setting))]
  return settings.map(([name, some]) => `${name}\n\n${oneTable(some, skipped)}`).join('\n\n')
}

function oneTable(cells: readonly CellResult[], skipped: ReadonlyMap<TroubleName, string>): string {
  const applications = [...new Set(cells.map(({ application }) => application))]
  const lines = [
    `| seconds without output | ${applications.join(' | ')} |`,
    `|---|${applications.map(() => '---|').join('')}`,
  ]
  for (const [trouble, some] of Map.groupBy(cells, cell => cell.trouble)) {
    const texts = applications.map(application => textOf(some.filter(cell => cell.application === application)))
    lines.push(
      `| ${trouble} | ${skipped.has(trouble) ? applications.map(() => 'skipped').join(' | ') : texts.join(' | ')} |`,
    )
  }
  return lines.join('\n')
}

/** Of several rounds the least and the most. */
function textOf(cells: readonly CellResult[]): string {
  const times = cells.flatMap(({ silentMs }) => (silentMs === undefined ? [] : [silentMs / 1000]))
  const mistakes = cells.reduce((sum, cell) => sum + cell.mistakes.length, 0)
  const [least, most] = [Math.min(...times), Math.max(...times)]
  const time =
    times.length === 0 ? '–' : least === most ? least.toFixed(1) : `${least.toFixed(1)} to ${most.toFixed(1)}`
  return mistakes === 0 ? time : `${time}, ${mistakes} WRONG`
}
