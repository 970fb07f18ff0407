import { join } from 'node:path'

/**
 * Where the state of an application is:
 *
 *   <stateDir>/<applicationId>/process.json         format and process id, made once
 *                             /topology.json        stores and internal topics of the topology that was last started
 *                             /threads.json         how many threads the last run had
 *                             /lock                 which process uses it
 *                             /<sub>_<partition>/   the store backend's own
 *                             /global/              the same of global stores; /global-<n>/ of member n of the process, from 2 on
 *                             /<sub>_<partition>.corrupt-<n>/   moved aside; the highest n is the newest
 */
export function applicationDirectory(stateDir: string, applicationId: string): string {
  return join(stateDir, fileNameOf(applicationId))
}

/** Which process uses the directory. */
export const LOCK_FILE = 'lock'
/** What a global store is kept in, where a task would have its name. */
export const GLOBAL_DIRECTORY = 'global'

/** Each member of a process has its own copy of the global stores. */
export function globalDirectory(member = 1): string {
  return member === 1 ? GLOBAL_DIRECTORY : `${GLOBAL_DIRECTORY}-${member}`
}

/** Whether Millrace has put it into an application's directory, drafts that were never finished included; not the lock. */
export function isStateEntry(name: string): boolean {
  return name !== LOCK_FILE && STATE_ENTRY.test(name)
}

const STATE_ENTRY =
  /^((\d+_\d+|global(-\d+)?)(\.corrupt-\d+)?|(process|topology|threads)\.json(\.partial)?|lock\.[0-9a-f-]{36})$/

/** How many corrupted states of one task are kept for inspection. */
const KEPT_ASIDE = 3

/** Which name a corrupted task directory gets among `names`, and which of the older ones have to go. */
export function planMoveAside(
  task: string,
  names: readonly string[],
): { readonly target: string; readonly drop: readonly string[] } {
  const prefix = `${task}.corrupt-`
  const numbers = names
    .filter(name => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map(name => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
  const target = prefix + ((numbers.at(-1) ?? 0) + 1)
  const drop = numbers.slice(0, Math.max(0, numbers.length + 1 - KEPT_ASIDE)).map(number => prefix + number)
  return { target, drop }
}

/** Kafka lets an application id be of letters, digits, dots, dashes and underscores, so two dots are one too. */
function fileNameOf(applicationId: string): string {
  const encoded = encodeURIComponent(applicationId)
  return /^\.+$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded
}
