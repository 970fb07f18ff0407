import type { ErrorKind, ErrorRow } from '@millrace/core'

/** Who has to act on an error of each kind; a kind that is forgotten here does not compile. */
const KINDS: Readonly<Record<ErrorKind, string>> = {
  config: 'The configuration or the environment must be corrected before a restart.',
  topology: 'The topology must be corrected. `build()` or `start()` reports the error before a record is read.',
  record: 'Concerns one record. The policy for bad records (`onBadRecord`) decides.',
  retriable: 'Temporary. Millrace retries.',
  fenced: 'Another instance owns the work now. Millrace stops the work and rejoins the group.',
  fatal: 'Stops the application.',
  bug: 'A bug in Millrace or in the calling code. Please report it if it is in Millrace.',
}

/** The page `docs/errors.md`, from the table of errors. */
export function renderErrorsDoc(table: Readonly<Record<string, ErrorRow>>): string {
  const codes = Object.keys(table).toSorted()
  return [
    '# Errors',
    '',
    'Every error of Millrace is a `MillraceError` with a `code` that never changes its meaning, a `kind` that says who has to',
    'act, a `hint` that says what to do, and the `cause` if there is one. The `message` contains code, problem and hint. This page is generated from',
    '`packages/core/src/errors/table.ts` by `npm run docs:errors`.',
    '',
    '| kind | meaning |',
    '|---|---|',
    ...Object.entries(KINDS).map(([kind, meaning]) => `| \`${kind}\` | ${meaning} |`),
    '',
    '| code | kind | message | how to solve |',
    '|---|---|---|---|',
    ...codes.map(code => rowOf(code, table[code]!)),
    '',
  ].join('\n')
}

function rowOf(code: string, { kind, message, hint }: ErrorRow): string {
  return `| <a id="${code.toLowerCase()}"></a>\`${code}\` | \`${kind}\` | ${escape(message)} | ${escape(hint)} |`
}

/** What Markdown would take for a column or a tag. `{placeholders}` are shown in italics. */
function escape(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll(/\{(\w+)\}/g, '*$1*')
}
