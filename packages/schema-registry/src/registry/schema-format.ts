import type { SchemaReference } from './entities.ts'

/** A kind of schema that a registry can hold, such as Avro. */
export interface SchemaFormat {
  /** As in `schemaType`. */
  readonly name: string
  /**
   * @param text of any version of the registry's clients; a format may take several forms
   * @param referenced the texts of all schemas that this one uses, each after those that it uses itself
   * @param options.isNew whether it is about to be registered: a schema that is stored already is never refused for its style
   * @throws when the schema is invalid
   */
  parse(text: string, referenced: readonly ReferencedSchema[], options: { readonly isNew: boolean }): FormatSchema
}

export interface ReferencedSchema {
  readonly reference: SchemaReference
  readonly schema: string
}

export interface FormatSchema {
  /** The text that is stored and compared. */
  readonly canonical: string
  /** The same for schemas that differ in their form only. */
  normalized(): string
  /** With everything that it refers to written out: two schemas that are equal in it are the same. */
  inlined(): string
  /** The schema in another form, of the query parameter `format`; undefined if the format has no such form. */
  formatted?(form: string): string | undefined
  /**
   * Why `this` cannot read what `writer` wrote, in Confluent's words, where `%s` stands for the reader and then for the writer.
   */
  cannotRead(writer: FormatSchema): readonly string[]
}
