import type { AvroCursor } from './avro-cursor.ts'
import { AvroMisfit } from './avro-cursor.ts'
import type { AvroType } from './schema.ts'

export type AvroSkip = (cursor: AvroCursor) => void

/** Compiles a function that moves past a value that nobody reads. */
export function compileSkip(type: AvroType, made = new Map<AvroType, AvroSkip>()): AvroSkip {
  const known = made.get(type)
  if (known !== undefined) return known
  let skip: AvroSkip | undefined
  made.set(type, cursor => skip!(cursor))
  skip = compile(type, made)
  made.set(type, skip)
  return skip
}

function compile(type: AvroType, made: Map<AvroType, AvroSkip>): AvroSkip {
  switch (type.kind) {
    case 'null':
      return () => {}
    case 'boolean':
      return cursor => void cursor.take(1)
    case 'int':
    case 'enum':
      return cursor => void cursor.int()
    case 'long':
      return cursor => void cursor.bigLong()
    case 'float':
      return cursor => void cursor.take(4)
    case 'double':
      return cursor => void cursor.take(8)
    case 'bytes':
    case 'string':
      return cursor => void cursor.take(cursor.length())
    case 'fixed':
      return cursor => void cursor.take(type.size)
    case 'array': {
      const skipItem = compileSkip(type.items, made)
      return cursor => cursor.blocks(() => skipItem(cursor))
    }
    case 'map': {
      const skipValue = compileSkip(type.values, made)
      return cursor =>
        cursor.blocks(() => {
          cursor.take(cursor.length())
          skipValue(cursor)
        })
    }
    case 'record': {
      const skips = type.fields.map(field => compileSkip(field.type, made))
      return cursor => {
        for (const skip of skips) skip(cursor)
      }
    }
    case 'union': {
      const skips = type.branches.map(branch => compileSkip(branch, made))
      return cursor => {
        const skip = skips[cursor.int()]
        if (skip === undefined) throw new AvroMisfit('a union has an index that it does not define')
        skip(cursor)
      }
    }
  }
}
