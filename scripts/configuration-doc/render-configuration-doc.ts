import type { ApiMember } from '../reference-doc/read-api.ts'

/** What the page shows of a row of the table of options. */
export interface DocumentedOption {
  readonly default: unknown
  readonly check: (value: never) => boolean
  readonly expected: string
}

/** The page `docs/configuration.md`, from the doc comments of `KafkaStreamsOptions` and the accepted values of the table. */
export function renderConfigurationDoc(
  members: readonly ApiMember[],
  table: Readonly<Record<string, DocumentedOption>>,
): string {
  return [
    '# Configuration',
    '',
    'The options of `new KafkaStreams(plan, options)`. All times are in milliseconds, all sizes in bytes. An invalid value is',
    'rejected with `MILLRACE_CONFIG_INVALID`, which names the option and the accepted values. This page is generated from',
    '`packages/runtime/src/config/options.ts` by `npm run docs:configuration`.',
    '',
    '| option | default | meaning | accepted |',
    '|---|---|---|---|',
    ...members.map(member => {
      const { meaning, preset } = optionText(member)
      return `| \`${member.name}\` | ${preset ?? 'required'} | ${meaning} | ${acceptedOf(table[member.name]!)} |`
    }),
    '',
  ].join('\n')
}

/**
 * The description of an option and the text of its `@default`, from its doc comment.
 * @throws where an option has no description
 */
export function optionText({ name, doc }: ApiMember): {
  readonly meaning: string
  readonly preset: string | undefined
} {
  const [meaning, preset] = doc.split('@default').map(text => text.trim().replaceAll(/\s+/g, ' '))
  if (meaning === undefined || meaning === '') throw new Error(`The option ${name} has no description.`)
  return { meaning, preset }
}

/** The defaults of the table as `@default` must show them; none where the default is built by a function. */
export function shownDefaults(row: DocumentedOption): readonly string[] {
  const guarantees = ['at_least_once', 'exactly_once']
  const shown = guarantees.map(processingGuarantee => shownDefault(row, { processingGuarantee }))
  return [...new Set(shown.filter(text => text !== undefined))]
}

/** Whether the table has no default that passes its own check. */
export function isRequired(row: DocumentedOption): boolean {
  try {
    return !row.check(defaultOf(row, {}) as never)
  } catch {
    return true
  }
}

function defaultOf({ default: preset }: DocumentedOption, given: object): unknown {
  return typeof preset === 'function' ? (preset as (given: object) => unknown)(given) : preset
}

function shownDefault(row: DocumentedOption, given: object): string | undefined {
  if (isRequired(row)) return undefined
  const value = defaultOf(row, given)
  if (typeof value === 'number') return shownNumber(value)
  return typeof value === 'string' ? `'${value}'` : undefined
}

function shownNumber(value: number): string {
  if (value > 0 && value % MIB === 0) return `${value / MIB} MiB`
  return value.toLocaleString('en').replaceAll(',', ' ')
}

function acceptedOf({ expected }: DocumentedOption): string {
  return expected.replace(/^it must be /, '')
}

const MIB = 1024 * 1024
