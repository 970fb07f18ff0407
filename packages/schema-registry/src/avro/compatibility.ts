import {
  type AvroEnum,
  type AvroField,
  type AvroNamedType,
  type AvroRecord,
  type AvroType,
  shortName,
} from './schema.ts'

export type IncompatibilityKind =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH'

export interface Incompatibility {
  readonly kind: IncompatibilityKind
  /** A path into the reader's schema, such as `/fields/0/type`. */
  readonly path: string
  readonly message: string
}

/**
 * Why data written with `writer` cannot be read with `reader`; empty if it can. Verdicts, paths, messages and their order are those
 * of Java's `SchemaCompatibility` (Avro 1.12).
 */
export function incompatibilities(reader: AvroType, writer: AvroType): readonly Incompatibility[] {
  return new Comparison().compare('', reader, writer)
}

const COMPATIBLE: readonly Incompatibility[] = []

/** Kinds that each kind can be read from besides its own. */
const PROMOTIONS: Readonly<Partial<Record<AvroType['kind'], readonly AvroType['kind'][]>>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
}

class Comparison {
  readonly #path: string[] = []
  /** A pair that is being compared counts as compatible: so recursive types end. */
  readonly #seen = new Map<AvroType, Map<AvroType, readonly Incompatibility[]>>()

  compare(token: string, reader: AvroType, writer: AvroType): readonly Incompatibility[] {
    const known = this.#seen.get(reader)?.get(writer)
    if (known !== undefined) return known
    const results = this.#seen.get(reader) ?? new Map<AvroType, readonly Incompatibility[]>()
    this.#seen.set(reader, results.set(writer, COMPATIBLE))
    const found = this.#within(token, () => this.#compare(reader, writer))
    results.set(writer, found)
    return found
  }

  #compare(reader: AvroType, writer: AvroType): readonly Incompatibility[] {
    if (writer.kind === 'union') {
      if (reader.kind !== 'union') {
        return writer.branches.flatMap((branch, index) => this.compare(String(index), reader, branch))
      }
      return writer.branches.flatMap((branch, index) =>
        this.#within(String(index), () =>
          this.#compareBranch(reader, branch).length === 0
            ? COMPATIBLE
            : [this.#found('MISSING_UNION_BRANCH', `reader union lacking writer type: ${javaKind(branch)}`)],
        ),
      )
    }
    if (reader.kind === 'union') {
      if (reader.branches.some(branch => this.#compareBranch(branch, writer).length === 0)) return COMPATIBLE
      return [this.#found('MISSING_UNION_BRANCH', `reader union lacking writer type: ${javaKind(writer)}`)]
    }
    if (reader.kind === 'record' && writer.kind === 'record') {
      return [...this.#compareNames(reader, writer), ...this.#compareFields(reader, writer)]
    }
    if (reader.kind === 'enum' && writer.kind === 'enum') {
      return [...this.#compareNames(reader, writer), ...this.#compareSymbols(reader, writer)]
    }
    if (reader.kind === 'fixed' && writer.kind === 'fixed') {
      const sizes = `expected: ${writer.size}, found: ${reader.size}`
      const size =
        reader.size === writer.size
          ? COMPATIBLE
          : this.#within('size', () => [this.#found('FIXED_SIZE_MISMATCH', sizes)])
      return [...this.#compareNames(reader, writer), ...size]
    }
    if (reader.kind === 'array' && writer.kind === 'array') return this.compare('items', reader.items, writer.items)
    if (reader.kind === 'map' && writer.kind === 'map') return this.compare('values', reader.values, writer.values)
    if (reader.kind === writer.kind || PROMOTIONS[reader.kind]?.includes(writer.kind) === true) return COMPATIBLE
    const kinds = `reader type: ${javaKind(reader)} not compatible with writer type: ${javaKind(writer)}`
    return [this.#found('TYPE_MISMATCH', kinds)]
  }

  /** Only whether there is a reason matters. */
  #compareBranch(reader: AvroType, writer: AvroType): readonly Incompatibility[] {
    return this.compare('', reader, writer)
  }

  #compareNames(reader: AvroNamedType, writer: AvroNamedType): readonly Incompatibility[] {
    if (shortName(reader.name) === shortName(writer.name) || reader.aliases.includes(writer.name)) return COMPATIBLE
    return this.#within('name', () => [this.#found('NAME_MISMATCH', `expected: ${writer.name}`)])
  }

  #compareSymbols(reader: AvroEnum, writer: AvroEnum): readonly Incompatibility[] {
    const missing = writer.symbols.filter(symbol => !reader.symbols.includes(symbol))
    if (missing.length === 0 || reader.defaultSymbol !== undefined) return COMPATIBLE
    return this.#within('symbols', () => [this.#found('MISSING_ENUM_SYMBOLS', `[${missing.sort().join(', ')}]`)])
  }

  #compareFields(reader: AvroRecord, writer: AvroRecord): readonly Incompatibility[] {
    return this.#within('fields', () =>
      reader.fields.flatMap((field, index) =>
        this.#within(String(index), () => {
          const written = writtenField(writer, field)
          if (written !== undefined) return this.compare('type', field.type, written.type)
          if (field.defaultValue !== undefined) return COMPATIBLE
          if (field.type.kind === 'enum' && field.type.defaultSymbol !== undefined) {
            return this.compare('type', field.type, writer)
          }
          return [this.#found('READER_FIELD_MISSING_DEFAULT_VALUE', field.name)]
        }),
      ),
    )
  }

  #within<T>(token: string, compare: () => T): T {
    this.#path.push(token)
    const result = compare()
    this.#path.pop()
    return result
  }

  #found(kind: IncompatibilityKind, message: string): Incompatibility {
    const tokens = this.#path.slice(1).map(token => token.replaceAll('~', '~0').replaceAll('/', '~1'))
    return { kind, path: `/${tokens.join('/')}`, message }
  }
}

/** The field of the writer that a reader's field is read from: by its name, or else by its aliases. */
function writtenField(writer: AvroRecord, field: AvroField): AvroField | undefined {
  const byName = writer.fields.find(({ name }) => name === field.name)
  if (byName !== undefined) return byName
  return writer.fields.find(({ name }) => field.aliases.includes(name))
}

function javaKind(type: AvroType): string {
  return type.kind.toUpperCase()
}
