/*
 * A subject may stand in a context, as in `:.staging:orders-value`. Ids belong to a context, so that a context is a registry of
 * its own. The default context is `.` and is not written.
 */

export const DEFAULT_CONTEXT = '.'
/** Settings below which all contexts are. */
export const GLOBAL_CONTEXT = '.__GLOBAL'

export interface QualifiedSubject {
  readonly context: string
  readonly name: string
}

export function parseSubject(subject: string): QualifiedSubject {
  if (!subject.startsWith(':.')) return { context: DEFAULT_CONTEXT, name: subject }
  const end = subject.indexOf(':', 2)
  if (end < 0) return { context: subject.slice(1), name: '' }
  return { context: subject.slice(1, end), name: subject.slice(end + 1) }
}

/** The subject in the form in which it is stored and compared. */
export function subjectText({ context, name }: QualifiedSubject): string {
  return context === DEFAULT_CONTEXT ? name : `:${context}:${name}`
}

export function normalSubject(subject: string): string {
  return subjectText(parseSubject(subject))
}

export function contextOf(subject: string): string {
  return parseSubject(subject).context
}

/** A reference without a context means the context of the schema that holds it. */
export function relativeSubject(reference: string, holder: string): string {
  const { context, name } = parseSubject(reference)
  return context === DEFAULT_CONTEXT ? subjectText({ context: contextOf(holder), name }) : normalSubject(reference)
}

export function isValidSubject(subject: string): boolean {
  const { name, context } = parseSubject(subject)
  return (
    name !== '' && name !== '__GLOBAL' && name !== '__EMPTY' && context !== GLOBAL_CONTEXT && !/\p{Cc}/u.test(subject)
  )
}
