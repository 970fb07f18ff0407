import { millraceError } from '../errors/millrace-error.ts'
import { shownOption } from '../errors/number-option.ts'

/**
 * The names that Kafka Streams gives to nodes and stores nobody named: a prefix and a counter of ten digits. A name takes
 * its number when it is asked for, and operators ask in a fixed order, some of them without need: the counter is part
 * of the names of internal topics, so every number that Kafka Streams spends is spent here too.
 */
export interface Names {
  /** `prefix` and the next number. */
  processor(prefix: string): string
  /** `prefix`, `STATE-STORE-` and the next number. */
  store(prefix: string): string
  /** The user's name where there is one, else a generated one. Spends a number in both cases. */
  processorOr(given: string | undefined, prefix: string): string
  /** Whether the name was given out by `processor` or `store`, or begins with one that was: topics and stores add an ending. */
  isGenerated(name: string): boolean
}

export function createNames(): Names {
  let next = 0
  const prefixes = new Set<string>()
  const numbered = (prefix: string) => {
    prefixes.add(prefix)
    return prefix + String(next++).padStart(10, '0')
  }
  const names: Names = {
    processor: numbered,
    store: prefix => numbered(`${prefix}STATE-STORE-`),
    processorOr(given, prefix) {
      const generated = numbered(prefix)
      return given ?? generated
    },
    isGenerated(name) {
      const [, prefix = '', digits = ''] = /^(.*?-)(\d{10})(?!\d)/.exec(name) ?? []
      return prefixes.has(prefix) && Number(digits) < next
    },
  }
  return names
}

const LONGEST_NAME = 249

/**
 * Checks a name that becomes part of a topic's name: not empty, not `.` or `..`, at most 249 of `[A-Za-z0-9._-]`.
 * @throws MILLRACE_TOPOLOGY_NAME_INVALID
 */
export function checkedName(name: string, what: string): string {
  const reason = nameDefect(name)
  if (reason === undefined) return name
  const shown = typeof name === 'string' ? name : shownOption(name)
  throw millraceError('MILLRACE_TOPOLOGY_NAME_INVALID', { what, name: shown, reason })
}

/** `checkedName` where a name was given. */
export function optionalName(name: string | undefined, what: string): string | undefined {
  return name === undefined ? undefined : checkedName(name, what)
}

/** Why no broker takes a topic of that name; undefined when it does. */
export function nameDefect(name: unknown): string | undefined {
  if (typeof name !== 'string')
    return `it must be a text, but it is ${name === null ? 'null' : `of type ${typeof name}`}`
  if (name.length === 0) return 'it is empty'
  if (name === '.' || name === '..') return 'it must not be "." or ".."'
  if (name.length > LONGEST_NAME) return `it has ${name.length} characters, and ${LONGEST_NAME} are allowed`
  if (!/^[\w.-]+$/.test(name)) return 'only ASCII letters, digits, ".", "_" and "-" are allowed'
  return undefined
}
