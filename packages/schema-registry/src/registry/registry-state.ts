import type { Config, Mode, SchemaEntry } from './entities.ts'
import { contextOf, DEFAULT_CONTEXT, GLOBAL_CONTEXT, parseSubject, subjectText } from './subject.ts'

/** A change of the registry. The sequence of all changes is the registry: replaying it gives the same state. */
export type Change =
  | { readonly kind: 'schema'; readonly entry: SchemaEntry }
  /** For good: nothing of the version is left. */
  | { readonly kind: 'schema-removed'; readonly subject: string; readonly version: number }
  /** Marks the versions up to this one as deleted. */
  | { readonly kind: 'subject-deleted'; readonly subject: string; readonly version: number }
  | { readonly kind: 'config'; readonly scope: string | null; readonly config: Config | null }
  | { readonly kind: 'mode'; readonly scope: string | null; readonly mode: Mode | null }

/** Everything that the registry knows, by the keys it is asked for. */
export class RegistryState {
  readonly #subjects = new Map<string, Map<number, SchemaEntry>>()
  readonly #byId = new Map<string, Map<number, SchemaEntry[]>>()
  readonly #configs = new Map<string | null, Config>()
  readonly #modes = new Map<string | null, Mode>()
  readonly #highestId = new Map<string, number>()

  apply(change: Change): void {
    switch (change.kind) {
      case 'schema':
        return this.#put(change.entry)
      case 'schema-removed':
        return this.#remove(change.subject, change.version)
      case 'subject-deleted':
        for (const entry of this.versions(change.subject)) {
          if (entry.version <= change.version) this.#put({ ...entry, deleted: true })
        }
        return
      case 'config':
        if (change.config === null) this.#configs.delete(change.scope)
        else this.#configs.set(change.scope, change.config)
        return
      case 'mode':
        if (change.mode === null) this.#modes.delete(change.scope)
        else this.#modes.set(change.scope, change.mode)
        return
    }
  }

  /** In alphabetical order, including those of which all versions are deleted. */
  subjects(): readonly string[] {
    return [...this.#subjects.keys()].sort()
  }

  /** In ascending order, including deleted ones. */
  versions(subject: string): readonly SchemaEntry[] {
    return [...(this.#subjects.get(subject)?.values() ?? [])].sort((left, right) => left.version - right.version)
  }

  version(subject: string, version: number): SchemaEntry | undefined {
    return this.#subjects.get(subject)?.get(version)
  }

  /** All versions of all subjects that share the id, in the order of their registration. */
  withId(context: string, id: number): readonly SchemaEntry[] {
    return this.#byId.get(context)?.get(id) ?? []
  }

  withGuid(context: string, guid: string): SchemaEntry | undefined {
    for (const entries of this.#byId.get(context)?.values() ?? []) if (entries[0]?.guid === guid) return entries[0]
    return undefined
  }

  highestId(context: string): number {
    return this.#highestId.get(context) ?? 0
  }

  contexts(): readonly string[] {
    return [...new Set([DEFAULT_CONTEXT, ...this.subjects().map(contextOf)])].sort()
  }

  config(scope: string | null): Config | undefined {
    return this.#configs.get(scope)
  }

  mode(scope: string | null): Mode | undefined {
    return this.#modes.get(scope)
  }

  /** The settings that hold for a subject: its own, else those of its context, else those of the registry. */
  configInScope(subject: string | null): Config {
    const merged: Config = { compatibilityLevel: 'BACKWARD' }
    return scopes(subject).reduceRight((result, scope) => ({ ...result, ...this.#configs.get(scope) }), merged)
  }

  modeInScope(subject: string | null): Mode {
    // An override holds for everything below it, whatever the subject says.
    const found = scopes(subject).map(scope => this.#modes.get(scope))
    if (found.includes('READONLY_OVERRIDE')) return 'READONLY_OVERRIDE'
    return found.find(mode => mode !== undefined) ?? 'READWRITE'
  }

  #put(entry: SchemaEntry): void {
    const versions = this.#subjects.get(entry.subject) ?? new Map<number, SchemaEntry>()
    this.#subjects.set(entry.subject, versions.set(entry.version, entry))
    const context = contextOf(entry.subject)
    const ids = this.#byId.get(context) ?? new Map<number, SchemaEntry[]>()
    this.#byId.set(context, ids)
    const sharing = ids.get(entry.id) ?? []
    const at = sharing.findIndex(other => other.subject === entry.subject && other.version === entry.version)
    if (at < 0) sharing.push(entry)
    else sharing[at] = entry
    ids.set(entry.id, sharing)
    this.#highestId.set(context, Math.max(this.highestId(context), entry.id))
  }

  #remove(subject: string, version: number): void {
    const entry = this.version(subject, version)
    if (entry === undefined) return
    const versions = this.#subjects.get(subject)!
    versions.delete(version)
    if (versions.size === 0) this.#subjects.delete(subject)
    const ids = this.#byId.get(contextOf(subject))!
    const rest = ids.get(entry.id)!.filter(other => other.subject !== subject || other.version !== version)
    if (rest.length === 0) ids.delete(entry.id)
    else ids.set(entry.id, rest)
  }
}

/** From the narrowest to the widest. */
function scopes(subject: string | null): readonly (string | null)[] {
  const global = [null, subjectText({ context: GLOBAL_CONTEXT, name: '' })]
  if (subject === null) return global
  const { context, name } = parseSubject(subject)
  const own = subjectText({ context, name: '' })
  return [...(name === '' ? [] : [subject]), ...(context === DEFAULT_CONTEXT ? [] : [own]), ...global]
}
