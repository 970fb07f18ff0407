import type { ByteSink } from '@millrace/core'
import { type AvroCursor, AvroMisfit } from './avro-cursor.ts'
import { setMember } from './value-form.ts'

/*
 * The code of records is generated, so that V8 sees a literal with the names of the fields: setting the members one after another by
 * names in variables takes several times as long (ADR 23). Only names that the parser has accepted get into the code, and as JSON.
 */

/** A field in the order of the data. */
export interface FieldToRead {
  /** In the value; undefined if the field is skipped. */
  readonly name: string | undefined
  readonly read: (cursor: AvroCursor) => unknown
}

export interface RecordToRead {
  readonly steps: readonly FieldToRead[]
  /** Of fields that the data do not have. */
  readonly defaults: readonly { readonly name: string; readonly make: () => unknown }[]
  /** All members of the value. The records of a reader have one shape. */
  readonly order: readonly string[]
  /** Of the data, for errors. */
  readonly fieldNames: readonly string[]
}

export function recordReader(record: RecordToRead): (cursor: AvroCursor) => unknown {
  return record.steps.length <= MOST_FIELDS && mayGenerate() ? generatedReader(record) : loopingReader(record)
}

export interface FieldToWrite {
  readonly name: string
  readonly write: (sink: ByteSink, value: unknown) => void
}

type Members = Readonly<Record<string, unknown>>

export function recordWriter(fields: readonly FieldToWrite[]): (sink: ByteSink, record: Members) => void {
  return fields.length <= MOST_FIELDS && mayGenerate() ? generatedWriter(fields) : loopingWriter(fields)
}

/** V8 does not optimise functions of any length. */
const MOST_FIELDS = 100

let isAllowed: boolean | undefined

/** A process may forbid it, with --disallow-code-generation-from-strings. */
function mayGenerate(): boolean {
  if (isAllowed !== undefined) return isAllowed
  try {
    generate('return 0', {})
    isAllowed = true
  } catch {
    isAllowed = false
  }
  return isAllowed
}

function generate(body: string, names: Readonly<Record<string, unknown>>): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- see above
  const make = new Function(...Object.keys(names), `'use strict'\n${body}`) as (...values: unknown[]) => unknown
  return make(...Object.values(names))
}

function generatedReader({ steps, defaults, order, fieldNames }: RecordToRead): (cursor: AvroCursor) => unknown {
  const members = order.map(name => {
    const step = steps.findIndex(one => one.name === name)
    const value = step >= 0 ? `v${step}` : `d${defaults.findIndex(one => one.name === name)}()`
    return `${key(name)}: ${value}`
  })
  const body = [
    listed('r', steps.length, 'reads'),
    listed('d', defaults.length, 'makes'),
    'return cursor => {',
    'let at = 0',
    ...steps.map((_, index) => `let v${index}`),
    'try {',
    ...steps.map((_, index) => `v${index} = r${index}(cursor); at = ${index + 1}`),
    '} catch (error) { throw located(error, names[at]) }',
    `return { ${members.join(', ')} }`,
    '}',
  ]
  return generate(body.join('\n'), {
    reads: steps.map(({ read }) => read),
    makes: defaults.map(({ make }) => make),
    names: fieldNames,
    located,
  }) as (cursor: AvroCursor) => unknown
}

function generatedWriter(fields: readonly FieldToWrite[]): (sink: ByteSink, record: Members) => void {
  const body = [
    listed('w', fields.length, 'writes'),
    'return (sink, record) => {',
    'let at = 0',
    'try {',
    ...fields.map(({ name }, index) => `w${index}(sink, record[${JSON.stringify(name)}]); at = ${index + 1}`),
    '} catch (error) { throw located(error, names[at]) }',
    '}',
  ]
  return generate(body.join('\n'), {
    writes: fields.map(({ write }) => write),
    names: fields.map(({ name }) => name),
    located,
  }) as (sink: ByteSink, record: Members) => void
}

/** As a member of a literal. There, `"__proto__"` would be the prototype. */
function key(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
}

function listed(letter: string, count: number, from: string): string {
  return `const [${Array.from({ length: count }, (_, index) => letter + index).join(', ')}] = ${from}`
}

export function located(error: unknown, step: string): unknown {
  return error instanceof AvroMisfit ? error.within(step) : error
}

function loopingReader({ steps, defaults, order, fieldNames }: RecordToRead): (cursor: AvroCursor) => unknown {
  return cursor => {
    const record: Record<string, unknown> = {}
    for (const name of order) setMember(record, name, undefined)
    let index = 0
    try {
      for (; index < steps.length; index++) {
        const { name, read } = steps[index]!
        const value = read(cursor)
        if (name !== undefined) setMember(record, name, value)
      }
    } catch (error) {
      throw located(error, fieldNames[index]!)
    }
    for (const { name, make } of defaults) setMember(record, name, make())
    return record
  }
}

function loopingWriter(fields: readonly FieldToWrite[]): (sink: ByteSink, record: Members) => void {
  return (sink, record) => {
    let index = 0
    try {
      for (; index < fields.length; index++) fields[index]!.write(sink, record[fields[index]!.name])
    } catch (error) {
      throw located(error, fields[index]!.name)
    }
  }
}
