import { reasonOf } from '@millrace/core'
import {
  type Config,
  isPlainObject,
  type Mode,
  type PlainObject,
  type SchemaEntry,
  type SchemaReference,
  type SchemaRequest,
} from './entities.ts'
import { type EarlierSchema, levelViolations } from './level-check.ts'
import {
  invalidSchema,
  notPermitted,
  referenceExists,
  RegistryError,
  subjectNotFound,
  versionNotFound,
} from './registry-error.ts'
import { type Change, RegistryState } from './registry-state.ts'
import type { RegistryStorage } from './registry-storage.ts'
import type { FormatSchema, ReferencedSchema, SchemaFormat } from './schema-format.ts'
import { schemaGuid } from './schema-hash.ts'
import { contextOf, isValidSubject, parseSubject, relativeSubject } from './subject.ts'

/** A schema of a request, read and completed. */
interface Candidate {
  readonly schemaType: string
  readonly schema: FormatSchema
  readonly canonical: string
  readonly references: readonly SchemaReference[]
  readonly metadata: PlainObject | undefined
  readonly ruleSet: PlainObject | undefined
  readonly guid: string
}

/**
 * The registry without its REST interface: what may be registered, under which id and version, and what may be deleted. Subjects
 * are given in their normal form. Changes are made one after another, for all clients.
 */
export class Registry {
  readonly state = new RegistryState()
  readonly #storage: RegistryStorage
  readonly #formats: readonly SchemaFormat[]
  #queue: Promise<unknown> = Promise.resolve()

  constructor(storage: RegistryStorage, formats: readonly SchemaFormat[]) {
    this.#storage = storage
    this.#formats = formats
  }

  async open(): Promise<void> {
    await this.#storage.open(change => this.state.apply(change))
  }

  async close(): Promise<void> {
    await this.#queue
    await this.#storage.close()
  }

  formats(): readonly string[] {
    return this.#formats.map(format => format.name)
  }

  async register(subject: string, request: SchemaRequest, normalize: boolean): Promise<SchemaEntry> {
    if (!isValidSubject(subject)) throw new RegistryError(42208, `The specified subject '${subject}' is not a valid.`)
    return this.#inTurn(async () => {
      const mode = this.state.modeInScope(subject)
      if (isReadOnly(mode))
        throw notPermitted(`Subject ${subject} in context ${contextOf(subject)} is in read-only mode`)
      const isImport = mode === 'IMPORT'
      if ((request.id ?? -1) >= 0 !== isImport) {
        const wanted = isImport ? 'read-write' : 'import'
        throw notPermitted(`Subject ${subject} in context ${contextOf(subject)} is not in ${wanted} mode`)
      }
      const all = this.state.versions(subject)
      const live = all.filter(entry => !entry.deleted)
      const next = (all.at(-1)?.version ?? 0) + 1
      const candidate = this.#candidate(subject, request, {
        normalize,
        previous: isImport ? undefined : live.at(-1),
        isNew: !isImport,
      })
      const existing = (request.version ?? 0) > 0 ? undefined : this.#existing(subject, candidate, live)
      if (existing !== undefined && (!isImport || existing.id === request.id)) return existing
      if (!isImport) this.#checkCompatible(subject, candidate, live)
      const version = request.version !== undefined && request.version > 0 ? request.version : next
      if (!isImport && version !== next) throw invalidSchema('Version is not one more than previous version')
      const id = isImport ? this.#importedId(subject, candidate, request.id!) : this.#idFor(subject, candidate)
      const { schemaType, canonical, references, metadata, ruleSet, guid } = candidate
      const entry = {
        subject,
        version,
        id,
        schemaType,
        schema: canonical,
        references,
        metadata,
        ruleSet,
        guid,
        deleted: false,
      }
      const replaced = all.filter(
        old => old.deleted && old.id === id && old.version < version && !this.#isReferenced(old, true),
      )
      const removals = replaced.map(old => ({ kind: 'schema-removed' as const, subject, version: old.version }))
      await this.#storage.append([...removals, { kind: 'schema', entry }])
      return entry
    })
  }

  /** The version of the subject that has this schema. */
  find(
    subject: string,
    request: SchemaRequest,
    options: { readonly normalize: boolean; readonly deleted: boolean },
  ): SchemaEntry | undefined {
    const entries = this.state.versions(subject).filter(entry => options.deleted || !entry.deleted)
    const candidate = this.#candidate(subject, request, {
      normalize: options.normalize,
      previous: undefined,
      isNew: false,
    })
    return this.#existing(subject, candidate, entries)
  }

  /** Why the schema may not follow the given versions; empty if it may. */
  violations(
    subject: string,
    request: SchemaRequest,
    against: readonly SchemaEntry[],
    normalize: boolean,
  ): readonly string[] {
    const candidate = this.#candidate(subject, request, { normalize, previous: against.at(-1), isNew: true })
    return this.#violations(subject, candidate, against)
  }

  async deleteVersion(subject: string, entry: SchemaEntry, permanent: boolean): Promise<number> {
    return this.#inTurn(async () => {
      this.#checkWritable(subject)
      const { version } = entry
      const current = this.state.version(subject, version)
      if (current === undefined) throw versionNotFound(version)
      if (current.deleted && !permanent) {
        throw new RegistryError(
          40406,
          `Subject '${subject}' Version ${version} was soft deleted.Set permanent=true to delete permanently`,
        )
      }
      if (this.#isReferenced(current, permanent)) throw referenceExists(subject, version)
      if (!permanent) {
        await this.#storage.append([{ kind: 'schema', entry: { ...current, deleted: true } }])
        return version
      }
      if (!current.deleted) {
        throw new RegistryError(
          40407,
          `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`,
        )
      }
      const last = this.state.versions(subject).length === 1
      await this.#storage.append([
        { kind: 'schema-removed', subject, version },
        ...(last ? this.#settingsRemoved(subject) : []),
      ])
      return version
    })
  }

  /** Returns the deleted versions. */
  async deleteSubject(subject: string, permanent: boolean): Promise<readonly number[]> {
    return this.#inTurn(async () => {
      const all = this.state.versions(subject)
      const live = all.filter(entry => !entry.deleted)
      if (all.length === 0) throw subjectNotFound(subject)
      if (live.length === 0 && !permanent) {
        throw new RegistryError(40404, `Subject '${subject}' was soft deleted.Set permanent=true to delete permanently`)
      }
      this.#checkWritable(subject)
      const concerned = permanent ? all : live
      for (const entry of concerned) {
        if (this.referencing(entry, permanent).some(other => other.subject !== subject))
          throw referenceExists(subject, entry.version)
      }
      if (permanent && live.length > 0) {
        throw new RegistryError(40405, `Subject '${subject}' was not deleted first before being permanently deleted`)
      }
      const versions = concerned.map(entry => entry.version)
      const removals = versions.map(version => ({ kind: 'schema-removed' as const, subject, version }))
      await this.#storage.append(
        permanent
          ? [...removals.reverse(), ...this.#settingsRemoved(subject)]
          : [{ kind: 'subject-deleted', subject, version: versions.at(-1)! }],
      )
      return versions
    })
  }

  async setConfig(scope: string | null, config: Config | null): Promise<void> {
    await this.#inTurn(() => this.#storage.append([{ kind: 'config', scope, config }]))
  }

  async setMode(scope: string | null, mode: Mode | null, force: boolean): Promise<void> {
    await this.#inTurn(async () => {
      const removed: Change[] = []
      if (mode === 'IMPORT' && this.state.modeInScope(scope) !== 'IMPORT' && !force) {
        const entries = this.state
          .subjects()
          .filter(subject => isWithin(subject, scope))
          .flatMap(subject => this.state.versions(subject))
        if (entries.some(entry => !entry.deleted)) throw notPermitted('Cannot import since found existing subjects')
        for (const { subject, version } of entries) removed.push({ kind: 'schema-removed', subject, version })
      }
      await this.#storage.append([...removed, { kind: 'mode', scope, mode }])
    })
  }

  /** The versions that refer to this one. */
  referencing(target: SchemaEntry, deleted: boolean): readonly SchemaEntry[] {
    return this.state
      .subjects()
      .flatMap(subject => this.state.versions(subject))
      .filter(entry => deleted || !entry.deleted)
      .filter(({ references, subject }) =>
        references.some(to => to.version === target.version && relativeSubject(to.subject, subject) === target.subject),
      )
  }

  /** Reads a schema that is stored already. */
  parse(entry: SchemaEntry): FormatSchema {
    return this.#formatOf(entry.schemaType).parse(entry.schema, this.#resolve(entry.references, entry.subject), {
      isNew: false,
    })
  }

  /** The text of a stored schema, in the form of the query parameter `format` if its kind of schema has it. */
  textOf(entry: SchemaEntry, form: string | null): string {
    return (form === null || form === '' ? undefined : this.parse(entry).formatted?.(form)) ?? entry.schema
  }

  #candidate(
    subject: string,
    request: SchemaRequest,
    how: { readonly normalize: boolean; readonly previous: SchemaEntry | undefined; readonly isNew: boolean },
  ): Candidate {
    const { previous } = how
    const isEmpty = request.schema === undefined || request.schema.trim() === ''
    if (isEmpty && previous === undefined) throw invalidSchema('Empty schema')
    const source = isEmpty ? previous! : request
    const schemaType = source.schemaType ?? 'AVRO'
    const references = source.references ?? []
    const referenced = this.#resolve(references, subject)
    const normalize = how.normalize || this.state.configInScope(subject).normalize === true
    const metadata = request.metadata ?? previous?.metadata
    const ruleSet = request.ruleSet ?? previous?.ruleSet
    try {
      const format = this.#formatOf(schemaType)
      const schema = format.parse(source.schema!, referenced, { isNew: how.isNew })
      const canonical = normalize ? schema.normalized() : schema.canonical
      return {
        schemaType,
        schema,
        canonical,
        references,
        metadata,
        ruleSet,
        guid: schemaGuid(canonical, references, metadata, ruleSet),
      }
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      throw invalidSchema(`Invalid schema ${source.schema} of type ${schemaType}, details: ${reasonOf(cause)}`, cause)
    }
  }

  /** The latest of the entries that has the schema of the candidate, also where one of them has its references written out. */
  #existing(subject: string, candidate: Candidate, entries: readonly SchemaEntry[]): SchemaEntry | undefined {
    const same = entries.findLast(entry => entry.guid === candidate.guid)
    if (same !== undefined) return same
    return entries.findLast(
      entry =>
        entry.schemaType === candidate.schemaType &&
        (entry.references.length === 0) !== (candidate.references.length === 0) &&
        JSON.stringify([entry.metadata, entry.ruleSet]) === JSON.stringify([candidate.metadata, candidate.ruleSet]) &&
        this.parse(entry).inlined() === candidate.schema.inlined(),
    )
  }

  #checkCompatible(subject: string, candidate: Candidate, live: readonly SchemaEntry[]): void {
    const found = this.#violations(subject, candidate, live)
    if (found.length === 0) return
    const reason = `Schema being registered is incompatible with an earlier schema for subject "${subject}"`
    throw new RegistryError(409, `${reason}, details: [${found.join(', ')}]`)
  }

  #violations(subject: string, candidate: Candidate, entries: readonly SchemaEntry[]): readonly string[] {
    const { compatibilityLevel = 'BACKWARD', compatibilityGroup } = this.state.configInScope(subject)
    const group = groupOf(candidate.metadata, compatibilityGroup)
    const earlier = entries
      .filter(entry => groupOf(entry.metadata, compatibilityGroup) === group)
      .map((entry): EarlierSchema => ({ version: entry.version, schema: this.parse(entry) }))
    return levelViolations(compatibilityLevel, candidate.schema, earlier)
  }

  #idFor(subject: string, candidate: Candidate): number {
    const context = contextOf(subject)
    return this.state.withGuid(context, candidate.guid)?.id ?? this.state.highestId(context) + 1
  }

  #importedId(subject: string, candidate: Candidate, id: number): number {
    const holder = this.state.withId(contextOf(subject), id)[0]
    if (holder === undefined || holder.guid === candidate.guid) return id
    throw new RegistryError(42207, `Overwrite new schema with id ${id} is not permitted.`)
  }

  /** The schemas that are referred to, each after those that it refers to itself. */
  #resolve(
    references: readonly SchemaReference[],
    holder: string,
    found = new Map<string, ReferencedSchema>(),
  ): readonly ReferencedSchema[] {
    for (const reference of references) {
      const subject = relativeSubject(reference.subject, holder)
      const key = `${reference.version}:${subject}`
      if (found.has(key)) continue
      const versions = this.state.versions(subject)
      const entry =
        reference.version === -1
          ? versions.findLast(({ deleted }) => !deleted)
          : this.state.version(subject, reference.version)
      if (entry === undefined) {
        throw invalidSchema(
          `No schema reference found for subject "${reference.subject}" and version ${reference.version}`,
        )
      }
      this.#resolve(entry.references, subject, found)
      found.set(key, { reference, schema: entry.schema })
    }
    return [...found.values()]
  }

  #isReferenced(entry: SchemaEntry, deleted: boolean): boolean {
    return this.referencing(entry, deleted).length > 0
  }

  #checkWritable(subject: string): void {
    if (!isReadOnly(this.state.modeInScope(subject))) return
    throw notPermitted(`Subject ${subject} in context ${contextOf(subject)} is in read-only mode`)
  }

  #settingsRemoved(subject: string): readonly Change[] {
    const config =
      this.state.config(subject) === undefined ? [] : [{ kind: 'config' as const, scope: subject, config: null }]
    const mode = this.state.mode(subject) === undefined ? [] : [{ kind: 'mode' as const, scope: subject, mode: null }]
    return [...config, ...mode]
  }

  #formatOf(schemaType: string): SchemaFormat {
    const format = this.#formats.find(({ name }) => name === schemaType)
    if (format === undefined) throw invalidSchema(`Invalid schema type ${schemaType}`)
    return format
  }

  /** A change is decided on the state that the previous one left. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change)
    this.#queue = result.catch(() => {})
    return result
  }
}

function isReadOnly(mode: Mode): boolean {
  return mode === 'READONLY' || mode === 'READONLY_OVERRIDE'
}

function isWithin(subject: string, scope: string | null): boolean {
  if (scope === null) return true
  const { context, name } = parseSubject(scope)
  return name === '' ? contextOf(subject) === context : subject === scope
}

function groupOf(metadata: PlainObject | undefined, property: string | undefined): unknown {
  if (property === undefined) return undefined
  const properties = metadata?.['properties']
  return isPlainObject(properties) ? properties[property] : undefined
}
