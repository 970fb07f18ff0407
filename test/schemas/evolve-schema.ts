import type { Choice } from './choice.ts'
import { defaultFor, generatePart, type SchemaJson, SYMBOLS } from './generate-schema.ts'

type Node = { [member: string]: unknown }

/** What a schema may have become: a copy with some changes, among them those that are compatible and those that are not. */
export function evolveSchema(choice: Choice, schema: SchemaJson): SchemaJson {
  let evolved = structuredClone(schema)
  for (let changes = choice.number(4); changes > 0; changes--) evolved = change(choice, evolved)
  return evolved
}

function change(choice: Choice, schema: SchemaJson): SchemaJson {
  const holder: { root: SchemaJson } = { root: schema }
  const places = placesOf(holder)
  const place = choice.one(places)
  const node = place.get()
  const names = new Set(places.flatMap(({ get }) => nameOf(get())))
  switch (choice.number(14)) {
    case 0:
      changeFields(choice, places, fields => fields.push(newField(choice, names)))
      break
    case 1:
      changeFields(choice, places, fields => void (fields.length > 1 && fields.splice(choice.number(fields.length), 1)))
      break
    case 2:
      changeFields(choice, places, fields => fields.reverse())
      break
    case 3:
      changeFields(choice, places, fields => renameField(choice, choice.one(fields)))
      break
    case 4:
    case 5:
      place.set(promote(choice, node))
      break
    case 6:
      if (!Array.isArray(node) && nameOf(node).length + Number(typeof node === 'string') > 0) place.set(['null', node])
      break
    case 7:
      if (Array.isArray(node) && node.length > 0) place.set(choice.one(node))
      break
    case 8:
      if (Array.isArray(node)) node.reverse()
      break
    case 9:
      changeEnums(choice, places)
      break
    case 10:
    case 11:
      renameType(choice, places, holder)
      break
    case 12:
      changeFields(choice, places, fields => {
        const field = choice.one(fields)
        if ('default' in field) delete field['default']
        else Object.assign(field, defaultFor(choice, field['type'] as SchemaJson, 1))
      })
      break
    default:
      // A type that is referred to elsewhere cannot go.
      if (typeof node === 'string' || nameOf(node).length === 0) place.set(generatePart(choice, names))
  }
  return holder.root
}

interface Place {
  get(): SchemaJson
  set(schema: SchemaJson): void
}

/** All places of a schema where a type stands. */
function placesOf(holder: { root: SchemaJson }): Place[] {
  const places: Place[] = []
  const visit = (place: Place): void => {
    places.push(place)
    const node = place.get()
    if (typeof node === 'string') return
    if (Array.isArray(node)) {
      node.forEach((_, index) => visit({ get: () => node[index]!, set: schema => (node[index] = schema) }))
      return
    }
    for (const member of ['items', 'values']) {
      if (member in node) visit({ get: () => node[member] as SchemaJson, set: schema => (node[member] = schema) })
    }
    for (const field of (node['fields'] as Node[] | undefined) ?? []) {
      visit({ get: () => field['type'] as SchemaJson, set: schema => (field['type'] = schema) })
    }
  }
  visit({ get: () => holder.root, set: schema => (holder.root = schema) })
  return places
}

function changeFields(choice: Choice, places: readonly Place[], make: (fields: Node[]) => unknown): void {
  const records = places.map(({ get }) => get()).filter(isRecord)
  if (records.length > 0) make(choice.one(records)['fields'] as Node[])
}

function isRecord(schema: SchemaJson): schema is Node {
  return typeof schema === 'object' && !Array.isArray(schema) && 'fields' in schema
}

function newField(choice: Choice, names: Set<string>): Node {
  const type = generatePart(choice, names)
  return { name: choice.one(['g', 'h', 'i', 'a', 'b']), type, ...defaultFor(choice, type, 0.7) }
}

function renameField(choice: Choice, field: Node): void {
  const old = field['name']
  field['name'] = choice.one(['j', 'k', 'l'])
  if (choice.chance(0.7)) field['aliases'] = [old]
}

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double', 'string'],
  long: ['float', 'double', 'int'],
  float: ['double', 'int'],
  double: ['float'],
  string: ['bytes'],
  bytes: ['string'],
}

function promote(choice: Choice, node: SchemaJson): SchemaJson {
  const others = typeof node === 'string' ? PROMOTIONS[node] : undefined
  return others === undefined ? node : choice.one(others)
}

function changeEnums(choice: Choice, places: readonly Place[]): void {
  const enums = places.map(({ get }) => get()).filter((node): node is Node => nodeType(node) === 'enum')
  if (enums.length === 0) return
  const node = choice.one(enums)
  const symbols = choice.one([SYMBOLS, SYMBOLS.slice(1), SYMBOLS.toReversed(), SYMBOLS.slice(0, 2)])
  node['symbols'] = [...symbols]
  if (choice.chance(0.5)) node['default'] = choice.one(symbols)
  else delete node['default']
}

function renameType(choice: Choice, places: readonly Place[], holder: { root: SchemaJson }): void {
  const named = places.map(({ get }) => get()).filter((node): node is Node => nameOf(node).length > 0)
  if (named.length === 0) return
  const node = choice.one(named)
  const old = node['name'] as string
  const short = old.slice(old.lastIndexOf('.') + 1)
  // Another namespace only, or another name.
  const renamed = choice.one([`v.${short}`, 'v.New', 'New'])
  if (named.some(other => other['name'] === renamed)) return
  node['name'] = renamed
  if (choice.chance(0.6)) node['aliases'] = [old]
  for (const { get, set } of placesOf(holder)) if (get() === old) set(renamed)
}

function nameOf(node: SchemaJson): readonly string[] {
  if (typeof node === 'string' || Array.isArray(node) || typeof node['name'] !== 'string') return []
  return [node['name']]
}

function nodeType(node: SchemaJson): unknown {
  return typeof node === 'object' && !Array.isArray(node) ? node['type'] : undefined
}
