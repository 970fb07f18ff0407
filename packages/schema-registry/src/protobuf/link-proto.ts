import { ProtoProblem } from './proto-problem.ts'
import {
  mapEntryName,
  type ProtoEnum,
  type ProtoFile,
  type ProtoMessage,
  type ProtoType,
  SCALARS,
} from './proto-file.ts'

/** What a name stands for. */
export type ProtoSymbol =
  | { readonly kind: 'message'; readonly message: ProtoMessage; readonly file: LinkedProto }
  | { readonly kind: 'enum'; readonly enum: ProtoEnum; readonly file: LinkedProto }
  | { readonly kind: 'package' | 'service' | 'extension' | 'other' }

export interface ResolvedName {
  /** Without a point at its beginning. */
  readonly fullName: string
  readonly symbol: ProtoSymbol
}

/** A .proto file with the files that it imports. */
export class LinkedProto {
  readonly path: string
  readonly file: ProtoFile
  readonly package: string
  /** In the order of the imports. */
  readonly dependencies: readonly LinkedProto[]
  /** What the file itself declares, by full names. */
  readonly symbols: ReadonlyMap<string, ProtoSymbol>
  readonly #visible: readonly LinkedProto[]

  /**
   * @param find the file that an import means
   * @throws ProtoProblem for imports without a file, and for names that are declared twice
   */
  constructor(path: string, file: ProtoFile, find: (path: string) => LinkedProto | undefined) {
    this.path = path
    this.file = file
    this.package = file.package ?? ''
    this.dependencies = file.imports.map(one => {
      const found = find(one.path)
      if (found === undefined)
        throw new ProtoProblem(`import "${one.path}"`, 'there is no such file among the references')
      return found
    })
    for (const [index, one] of file.imports.entries()) {
      if (file.imports.findIndex(other => other.path === one.path) < index) {
        throw new ProtoProblem(`import "${one.path}"`, 'the file is imported twice')
      }
    }
    this.symbols = declare(this)
    this.#visible = visibleFrom(this)
    for (const [name, symbol] of this.symbols) {
      const clash = this.#visible.find(other => other !== this && isClash(symbol, other.symbols.get(name)))
      if (clash !== undefined) throw new ProtoProblem(name, `it is declared in "${clash.path}", too`)
    }
  }

  /** By Protobuf's rules: from the innermost scope to the outermost, by the first part of the name. */
  resolve(name: string, scope: string, accepts: (symbol: ProtoSymbol) => boolean = isType): ResolvedName {
    if (name.startsWith('.')) {
      const symbol = this.lookUp(name.slice(1))
      if (symbol !== undefined && accepts(symbol)) return { fullName: name.slice(1), symbol }
      throw new ProtoProblem(scope, `"${name}" is not defined`)
    }
    const [first = '', ...rest] = name.split('.')
    for (let around = scope; ; around = around.includes('.') ? around.slice(0, around.lastIndexOf('.')) : '') {
      const begin = around === '' ? first : `${around}.${first}`
      const symbol = this.lookUp(begin)
      if (symbol !== undefined) {
        if (rest.length === 0 && accepts(symbol)) return { fullName: begin, symbol }
        if (rest.length > 0 && isScope(symbol)) {
          const fullName = `${begin}.${rest.join('.')}`
          const found = this.lookUp(fullName)
          if (found !== undefined && accepts(found)) return { fullName, symbol: found }
          throw new ProtoProblem(
            scope,
            `"${name}" is taken for "${fullName}", which is not defined; a name that begins with a point is absolute`,
          )
        }
      }
      if (around === '') throw new ProtoProblem(scope, `"${name}" is not defined`)
    }
  }

  /** The name of a type with a point before it; scalars stay as they are. */
  absolute(type: string, scope: string): string {
    return SCALARS.has(type) || type.startsWith('.') ? type : `.${this.resolve(type, scope).fullName}`
  }

  lookUp(fullName: string): ProtoSymbol | undefined {
    for (const file of this.#visible) {
      const found = file.symbols.get(fullName)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The file and all that it imports, directly or not. */
export function filesOf(linked: LinkedProto, found = new Set<LinkedProto>()): ReadonlySet<LinkedProto> {
  if (found.has(linked)) return found
  for (const dependency of linked.dependencies) filesOf(dependency, found)
  return found.add(linked)
}

function isType(symbol: ProtoSymbol): boolean {
  return symbol.kind === 'message' || symbol.kind === 'enum'
}

export function isExtension({ kind }: ProtoSymbol): boolean {
  return kind === 'extension'
}

function isScope({ kind }: ProtoSymbol): boolean {
  return kind !== 'other' && kind !== 'extension'
}

function isClash(symbol: ProtoSymbol, other: ProtoSymbol | undefined): boolean {
  return other !== undefined && !(symbol.kind === 'package' && other.kind === 'package')
}

/** The file, its imports, and what these import publicly. */
function visibleFrom(file: LinkedProto): readonly LinkedProto[] {
  const found = new Set([file])
  const addPublic = (from: LinkedProto): void => {
    if (found.has(from)) return
    found.add(from)
    for (const [index, one] of from.file.imports.entries())
      if (one.kind === 'public') addPublic(from.dependencies[index]!)
  }
  for (const dependency of file.dependencies) addPublic(dependency)
  return [...found]
}

function declare(file: LinkedProto): ReadonlyMap<string, ProtoSymbol> {
  const symbols = new Map<string, ProtoSymbol>()
  const add = (name: string, symbol: ProtoSymbol): void => {
    if (symbols.has(name)) throw new ProtoProblem(name, 'it is declared twice')
    symbols.set(name, symbol)
  }
  const addType = (scope: string, type: ProtoType): void => {
    const name = joined(scope, type.name)
    if (type.kind === 'enum') {
      add(name, { kind: 'enum', enum: type, file })
      // The values of an enum are names beside it, as in C++.
      for (const value of type.values) add(joined(scope, value.name), { kind: 'other' })
      return
    }
    add(name, { kind: 'message', message: type, file })
    for (const field of type.fields) {
      add(joined(name, field.name), { kind: 'other' })
      if (field.map !== undefined) add(joined(name, mapEntryName(field.name)), { kind: 'other' })
    }
    for (const oneof of type.oneofs) add(joined(name, oneof.name), { kind: 'other' })
    for (const nested of type.types) addType(name, nested)
    for (const { fields } of type.extensions)
      for (const field of fields) add(joined(name, field.name), { kind: 'extension' })
  }
  const packageName = file.package
  const parts = packageName === '' ? [] : packageName.split('.')
  for (const index of parts.keys()) symbols.set(parts.slice(0, index + 1).join('.'), { kind: 'package' })
  for (const type of file.file.types) addType(packageName, type)
  for (const { fields } of file.file.extensions)
    for (const field of fields) add(joined(packageName, field.name), { kind: 'extension' })
  for (const service of file.file.services) {
    const name = joined(packageName, service.name)
    add(name, { kind: 'service' })
    for (const method of service.methods) add(joined(name, method.name), { kind: 'other' })
  }
  return symbols
}

export function joined(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}
