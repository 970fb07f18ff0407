import type { KafkaStreamsOptions } from '@millrace/runtime'

/** What the page shows of a row of the table of options. */
export interface DocumentedOption {
  readonly default: unknown
  /** Whether the default is good enough to be left alone. */
  readonly check: (value: never) => boolean
  readonly expected: string
  readonly doc: string
}

/** The page `docs/configuration.md`, from the table of options. */
export function renderConfigurationDoc(table: Readonly<Record<string, DocumentedOption>>): string {
  return [
    '# Configuration',
    '',
    'The options of `new KafkaStreams(plan, options)`. All times are milliseconds, all sizes bytes. A value that will not do is',
    'refused with `MILLRACE_CONFIG_INVALID`, naming the option and what would. This page is made from the table in',
    '`packages/runtime/src/config/options.ts` by `npm run docs:configuration`.',
    '',
    '| option | default | meaning | accepted |',
    '|---|---|---|---|',
    ...Object.entries(table).map(
      ([name, row]) => `| \`${name}\` | ${defaultOf(row)} | ${row.doc} | ${acceptedOf(row)} |`,
    ),
    '',
  ].join('\n')
}

function acceptedOf({ expected }: DocumentedOption): string {
  return expected.replace(/^(it has to be|a Kafka client is needed, as) /, '')
}

function defaultOf(row: DocumentedOption): string {
  const guarantees = ['at_least_once', 'exactly_once'] as const
  const [usual, exactlyOnce] = guarantees.map(guarantee => shownDefault(row, { processingGuarantee: guarantee }))
  return usual === exactlyOnce ? usual! : `${usual}, for \`exactly_once\` ${exactlyOnce}`
}

/** A default may depend on the other options; one that does not pass its own check must be given. */
function shownDefault(row: DocumentedOption, given: Partial<KafkaStreamsOptions>): string {
  let value: unknown
  try {
    value = typeof row.default === 'function' ? (row.default as (given: unknown) => unknown)(given) : row.default
  } catch {
    return 'required'
  }
  if (!row.check(value as never)) return 'required'
  if (value === undefined) return ''
  if (typeof value === 'number') return `\`${shownNumber(value)}\``
  return typeof value === 'string' ? `\`${value}\`` : 'built in'
}

function shownNumber(value: number): string {
  if (value > 0 && value % MIB === 0) return `${value / MIB} MiB`
  return value.toLocaleString('en').replaceAll(',', ' ')
}

const MIB = 1024 * 1024
