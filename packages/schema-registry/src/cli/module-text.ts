import type { ReferencedSchema } from '../registry/schema-format.ts'
import type { SchemaFile } from './schema-files.ts'
import { SchemaUsageError } from './schema-usage-error.ts'

/* Parts of the modules that "millrace schema generate" writes. */

export interface GeneratedTypes {
  readonly text: string
  /** The name of the type of the whole schema. */
  readonly root: string
}

export function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

export function property(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoted(name)
}

export function quoted(text: string): string {
  return `'${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`)}'`
}

export function comment(doc: string | undefined, indent: string): string {
  if (doc === undefined || doc.trim() === '') return ''
  return `${indent}/** ${doc.trim().replaceAll('*/', '*\\/').replace(/\s+/g, ' ')} */\n`
}

/** A schema among the files that another one refers to. */
export interface UsedFile {
  /** As the schema that refers to it names it. */
  readonly name: string
  readonly file: SchemaFile
  readonly uses: readonly UsedFile[]
}

/** @throws SchemaUsageError when one is not among the files */
export function usedFiles(file: SchemaFile, files: readonly SchemaFile[]): readonly UsedFile[] {
  return file.references.map(({ name, subject }) => {
    const used = files.find(one => one.subject === subject)
    if (used === undefined)
      throw new SchemaUsageError(`${file.subject} refers to ${subject}, which is not among the files: pull it`)
    return { name, file: used, uses: usedFiles(used, files) }
  })
}

/** Each after those that it uses itself. */
export function referencedBy(used: readonly UsedFile[]): readonly ReferencedSchema[] {
  return used.flatMap(({ name, file: { subject, version, schema }, uses }) => [
    ...referencedBy(uses),
    { reference: { name, subject, version }, schema },
  ])
}

/** The option `references` of a serde. */
export function referencesText(used: readonly UsedFile[]): string {
  const entries = used.map(({ name, file: { subject, schema }, uses }) => {
    const nested = uses.length === 0 ? '' : `, ${referencesText(uses)}`
    return `{ name: ${quoted(name)}, subject: ${quoted(subject)}, schema: ${JSON.stringify(schema.trim())}${nested} }`
  })
  return `references: [${entries.join(', ')}]`
}

/** A module with the types of a schema, its text, and the options of its serde. */
export function moduleText(
  file: SchemaFile,
  { text, root }: GeneratedTypes,
  {
    serde,
    imports,
    settings,
  }: { readonly serde: string; readonly imports: string; readonly settings: readonly string[] },
): string {
  const constant = root[0]!.toLowerCase() + root.slice(1)
  const options = settings.length > 0 ? `, ...${constant}Options` : ''
  return [
    `// Written by "millrace schema generate" from ${file.subject}, version ${file.version}. Do not edit.`,
    ...(imports === '' ? [] : [imports]),
    '',
    text,
    `/** For \`${serde}<${root}>(${constant}Schema, { registry${options} })\`. */`,
    `export const ${constant}Schema = ${JSON.stringify(file.schema.trim())}`,
    ...(settings.length > 0 ? [`export const ${constant}Options = { ${settings.join(', ')} } as const`] : []),
    '',
  ].join('\n')
}
