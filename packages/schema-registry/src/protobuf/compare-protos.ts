import { joined, type LinkedProto, type ProtoSymbol } from './link-proto.ts'
import { mapOfEntry } from './map-entry.ts'
import { type ProtoEnum, type ProtoField, type ProtoMessage, type ProtoType, SCALARS } from './proto-file.ts'

/** The names that Confluent's registry gives to changes. */
export type ProtoChangeKind =
  | 'PACKAGE_CHANGED'
  | 'MESSAGE_ADDED'
  | 'MESSAGE_REMOVED'
  | 'MESSAGE_MOVED'
  | 'ENUM_ADDED'
  | 'ENUM_REMOVED'
  | 'ENUM_CONST_ADDED'
  | 'ENUM_CONST_CHANGED'
  | 'ENUM_CONST_REMOVED'
  | 'FIELD_ADDED'
  | 'FIELD_REMOVED'
  | 'FIELD_NAME_CHANGED'
  | 'FIELD_KIND_CHANGED'
  | 'FIELD_SCALAR_KIND_CHANGED'
  | 'FIELD_NAMED_TYPE_CHANGED'
  | 'FIELD_NUMERIC_LABEL_CHANGED'
  | 'FIELD_STRING_OR_BYTES_LABEL_CHANGED'
  | 'REQUIRED_FIELD_ADDED'
  | 'REQUIRED_FIELD_REMOVED'
  | 'ONEOF_ADDED'
  | 'ONEOF_REMOVED'
  | 'ONEOF_FIELD_ADDED'
  | 'ONEOF_FIELD_REMOVED'
  | 'ONEOF_FIELD_MOVED_TO_TOP_LEVEL'
  | 'MULTIPLE_FIELDS_MOVED_TO_ONEOF'
  | 'FIELD_MOVED_TO_EXISTING_ONEOF'

export interface ProtoChange {
  readonly kind: ProtoChangeKind
  /** Names of messages and oneofs, numbers of fields and of values: `#/Order/3`. */
  readonly path: string
}

/** Changes after which the new schema cannot read what was written with the old one. */
const BREAKING: ReadonlySet<ProtoChangeKind> = new Set([
  'PACKAGE_CHANGED',
  'MESSAGE_REMOVED',
  'FIELD_KIND_CHANGED',
  'FIELD_SCALAR_KIND_CHANGED',
  'FIELD_NAMED_TYPE_CHANGED',
  'FIELD_NUMERIC_LABEL_CHANGED',
  'REQUIRED_FIELD_ADDED',
  'REQUIRED_FIELD_REMOVED',
  'ONEOF_FIELD_REMOVED',
  'MULTIPLE_FIELDS_MOVED_TO_ONEOF',
  'FIELD_MOVED_TO_EXISTING_ONEOF',
])

export function isBreaking({ kind }: ProtoChange): boolean {
  return BREAKING.has(kind)
}

/** Types that have the same bytes, so that a field may change from one to another. */
const FAMILIES: Readonly<Record<string, string>> = {
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  uint64: 'number',
  bool: 'number',
  sint32: 'signed',
  sint64: 'signed',
  string: 'text',
  bytes: 'text',
  fixed32: 'fixed32',
  sfixed32: 'fixed32',
  fixed64: 'fixed64',
  sfixed64: 'fixed64',
  float: 'float',
  double: 'double',
}

/** All changes from one schema to the other, by the rules of Confluent's registry. */
export function protoChanges(from: LinkedProto, to: LinkedProto): readonly ProtoChange[] {
  const found: ProtoChange[] = []
  if (from.package !== to.package) found.push({ kind: 'PACKAGE_CHANGED', path: '#/' })
  const scopes = { from: { file: from, scope: from.package }, to: { file: to, scope: to.package } }
  new Comparison(found).types(scopes, { from: from.file.types, to: to.file.types }, [])
  return found
}

interface Place {
  readonly file: LinkedProto
  /** The full name of the message around, or the package. */
  readonly scope: string
}

interface Pair<T> {
  readonly from: T
  readonly to: T
}

type FieldType =
  | { readonly kind: 'scalar'; readonly family: string }
  | { readonly kind: 'map'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'message'
      readonly fullName: string
      readonly symbol: (ProtoSymbol & { readonly kind: 'message' }) | undefined
    }

class Comparison {
  readonly #found: ProtoChange[]
  /** Messages that are being compared: so recursive types end. */
  readonly #under: readonly ProtoMessage[]

  constructor(found: ProtoChange[], under: readonly ProtoMessage[] = []) {
    this.#found = found
    this.#under = under
  }

  types(places: Pair<Place>, types: Pair<readonly ProtoType[]>, path: readonly string[]): void {
    const messages = pair(types, all => byName(all.filter(type => type.kind === 'message')))
    for (const name of union(messages.from.keys(), messages.to.keys())) {
      const inner = [...path, name]
      const [one, other] = [messages.from.get(name), messages.to.get(name)]
      if (other === undefined) {
        if (mapOfEntry(one!.type) === undefined) this.#add('MESSAGE_REMOVED', inner)
      } else if (one === undefined) {
        if (mapOfEntry(other.type) === undefined) this.#add('MESSAGE_ADDED', inner)
      } else {
        this.#message(places, { from: one.type, to: other.type }, inner)
        if (one.index !== other.index) this.#add('MESSAGE_MOVED', inner)
      }
    }
    const enums = pair(types, all => byName(all.filter(type => type.kind === 'enum')))
    for (const name of union(enums.from.keys(), enums.to.keys())) {
      const inner = [...path, name]
      const [one, other] = [enums.from.get(name)?.type, enums.to.get(name)?.type]
      if (one === undefined) this.#add('ENUM_ADDED', inner)
      else if (other === undefined) this.#add('ENUM_REMOVED', inner)
      else this.#enum({ from: one, to: other }, inner)
    }
  }

  #message(places: Pair<Place>, messages: Pair<ProtoMessage>, path: readonly string[]): void {
    const inner = pair(places, ({ file, scope }, side) => ({ file, scope: joined(scope, messages[side].name) }))
    this.#messageIn(inner, messages, path)
  }

  /** @param inner the scopes inside of the messages */
  #messageIn(inner: Pair<Place>, messages: Pair<ProtoMessage>, path: readonly string[]): void {
    if (!this.#under.includes(messages.from)) {
      const within = new Comparison(this.#found, [...this.#under, messages.from])
      within.#oneofs(messages, path)
      within.#fields(inner, messages, path)
    }
    this.types(
      inner,
      pair(messages, ({ types }) => types),
      path,
    )
  }

  #oneofs({ from, to }: Pair<ProtoMessage>, path: readonly string[]): void {
    const before = fieldsOf(from)
    // Fields that exclude each other now, and did not before.
    for (const { name } of to.oneofs) {
      const old = to.fields.filter(field => field.oneof === name).flatMap(({ number }) => before.get(number) ?? [])
      const loose = old.filter(field => field.oneof === undefined)
      const groups = new Set(old.flatMap(({ oneof }) => oneof ?? [])).size + loose.length
      if (groups > 1)
        this.#add(loose.length > 1 ? 'MULTIPLE_FIELDS_MOVED_TO_ONEOF' : 'FIELD_MOVED_TO_EXISTING_ONEOF', [
          ...path,
          name,
        ])
    }
    const [old, fresh] = [from, to].map(({ oneofs }) => oneofs.map(({ name }) => name)) as [string[], string[]]
    for (const name of union(old, fresh).toSorted()) {
      if (!fresh.includes(name)) this.#add('ONEOF_REMOVED', [...path, name])
      else if (!old.includes(name)) this.#add('ONEOF_ADDED', [...path, name])
    }
  }

  #fields(places: Pair<Place>, messages: Pair<ProtoMessage>, path: readonly string[]): void {
    const { from, to } = pair(messages, fieldsOf)
    for (const number of union(from.keys(), to.keys()).toSorted((left, right) => left - right)) {
      const [one, other] = [from.get(number), to.get(number)]
      const at = (field: ProtoField): readonly string[] => [
        ...path,
        ...(field.oneof === undefined ? [] : [field.oneof]),
        String(number),
      ]
      if (one === undefined && other !== undefined) {
        if (other.oneof !== undefined) this.#add('ONEOF_FIELD_ADDED', at(other))
        else this.#add(other.label === 'required' ? 'REQUIRED_FIELD_ADDED' : 'FIELD_ADDED', at(other))
      } else if (one !== undefined && other === undefined) {
        if (one.oneof === undefined)
          this.#add(one.label === 'required' ? 'REQUIRED_FIELD_REMOVED' : 'FIELD_REMOVED', at(one))
        else if (!isOneofGone(messages, one.oneof)) this.#add('ONEOF_FIELD_REMOVED', at(one))
      } else if (one !== undefined && other !== undefined) {
        if (one.oneof !== undefined && other.oneof === undefined) this.#add('ONEOF_FIELD_MOVED_TO_TOP_LEVEL', at(other))
        this.#field(places, { from: one, to: other }, at(other))
      }
    }
  }

  #field(places: Pair<Place>, fields: Pair<ProtoField>, path: readonly string[]): void {
    if (fields.from.name !== fields.to.name) this.#add('FIELD_NAME_CHANGED', path)
    this.#typesOfField(
      places,
      pair(fields, (field, side) => fieldType(places[side], field)),
      { path, labels: pair(fields, ({ label }) => label) },
    )
  }

  #typesOfField(
    places: Pair<Place>,
    { from, to }: Pair<FieldType>,
    { path, labels }: { readonly path: readonly string[]; readonly labels: Pair<ProtoField['label']> },
  ): void {
    if (from.kind !== to.kind) return this.#add('FIELD_KIND_CHANGED', path)
    if (from.kind === 'scalar' && to.kind === 'scalar') {
      if (from.family !== to.family) return this.#add('FIELD_SCALAR_KIND_CHANGED', path)
      if (labels.from === undefined || labels.to === undefined || labels.from === labels.to) return
      this.#add(from.family === 'text' ? 'FIELD_STRING_OR_BYTES_LABEL_CHANGED' : 'FIELD_NUMERIC_LABEL_CHANGED', path)
    } else if (from.kind === 'map' && to.kind === 'map') {
      const none = { path, labels: { from: undefined, to: undefined } }
      const part = (which: 'key' | 'value'): Pair<FieldType> => ({
        from: namedType(places.from, from[which]),
        to: namedType(places.to, to[which]),
      })
      this.#typesOfField(places, part('key'), none)
      this.#typesOfField(places, part('value'), none)
    } else if (from.kind === 'message' && to.kind === 'message') this.#messageTypes({ from, to }, { places, path })
  }

  #messageTypes(
    { from, to }: Pair<FieldType & { readonly kind: 'message' }>,
    { places, path }: { readonly places: Pair<Place>; readonly path: readonly string[] },
  ): void {
    const [one, other] = [from.symbol, to.symbol]
    if (one === undefined || other === undefined) {
      if (from.fullName !== to.fullName) this.#add('FIELD_NAMED_TYPE_CHANGED', path)
      return
    }
    if (localName(from.fullName, one.file.package) !== localName(to.fullName, other.file.package)) {
      return this.#add('FIELD_NAMED_TYPE_CHANGED', path)
    }
    // A type of the file itself is compared where it is declared.
    const isLocal = one.file === places.from.file && other.file === places.to.file
    if (isLocal || one.message === other.message) return
    const found: ProtoChange[] = []
    const inner = { from: { file: one.file, scope: from.fullName }, to: { file: other.file, scope: to.fullName } }
    const ownPath = localName(from.fullName, one.file.package).split('.')
    new Comparison(found, this.#under).#messageIn(inner, { from: one.message, to: other.message }, ownPath)
    this.#found.push(...found)
    if (found.some(isBreaking)) this.#add('FIELD_NAMED_TYPE_CHANGED', path)
  }

  #enum({ from, to }: Pair<ProtoEnum>, path: readonly string[]): void {
    const [old, fresh] = [from, to].map(({ values }) => new Map(values.map(({ name, number }) => [number, name]))) as [
      Map<number, string>,
      Map<number, string>,
    ]
    for (const number of union(old.keys(), fresh.keys())) {
      const at = [...path, String(number)]
      if (!fresh.has(number)) this.#add('ENUM_CONST_REMOVED', at)
      else if (!old.has(number)) this.#add('ENUM_CONST_ADDED', at)
      else if (old.get(number) !== fresh.get(number)) this.#add('ENUM_CONST_CHANGED', at)
    }
  }

  #add(kind: ProtoChangeKind, path: readonly string[]): void {
    this.#found.push({ kind, path: `#/${path.join('/')}` })
  }
}

function pair<T, R>({ from, to }: Pair<T>, change: (one: T, side: 'from' | 'to') => R): Pair<R> {
  return { from: change(from, 'from'), to: change(to, 'to') }
}

function union<T>(one: Iterable<T>, other: Iterable<T>): T[] {
  return [...new Set([...one, ...other])]
}

function byName<T extends ProtoType>(
  types: readonly T[],
): ReadonlyMap<string, { readonly type: T; readonly index: number }> {
  return new Map(types.map((type, index) => [type.name, { type, index }]))
}

/** Groups are types of their own; Confluent's registry does not compare them as fields. */
function fieldsOf({ fields }: ProtoMessage): ReadonlyMap<number, ProtoField> {
  return new Map(fields.filter(({ group }) => group === undefined).map(field => [field.number, field]))
}

/** A oneof that has disappeared with all its fields: the data of these are ignored from then on. */
function isOneofGone({ from, to }: Pair<ProtoMessage>, oneof: string): boolean {
  if (to.oneofs.some(({ name }) => name === oneof)) return false
  const numbers = new Set(to.fields.map(({ number }) => number))
  return !from.fields.some(field => field.oneof === oneof && numbers.has(field.number))
}

function fieldType(place: Place, field: ProtoField): FieldType {
  return field.map === undefined ? namedType(place, field.type) : { kind: 'map', ...field.map }
}

function namedType({ file, scope }: Place, type: string): FieldType {
  if (SCALARS.has(type)) return { kind: 'scalar', family: FAMILIES[type]! }
  const { fullName, symbol } = file.resolve(type, scope)
  if (symbol.kind === 'enum') return { kind: 'scalar', family: 'number' }
  if (symbol.kind !== 'message') return { kind: 'message', fullName, symbol: undefined }
  const map = mapOfEntry(symbol.message)
  return map === undefined ? { kind: 'message', fullName, symbol } : { kind: 'map', ...map }
}

function localName(fullName: string, packageName: string): string {
  return fullName.startsWith(`${packageName}.`) ? fullName.slice(packageName.length + 1) : fullName
}
