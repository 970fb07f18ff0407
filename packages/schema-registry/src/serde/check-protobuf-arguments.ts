import { invalidOption, isPlainObject, millraceError } from '@millrace/core'
import { checkChoice, checkSerdeOptions } from './check-serde-options.ts'

const OF_TEXT = ['message', 'imports']

/** @throws MILLRACE_SCHEMA_INVALID, MILLRACE_CONFIG_INVALID naming the option */
export function checkProtobufArguments(schema: unknown, options: unknown): void {
  const isText = typeof schema === 'string'
  if (!isText && !(Array.isArray(schema) ? schema : [schema]).every(isMessage)) {
    throw millraceError('MILLRACE_SCHEMA_INVALID', {
      reason:
        'protobuf() takes a message of protoc-gen-es such as OrderSchema, a list of them, or the text of a .proto file',
    })
  }
  checkSerdeOptions('protobuf()', options, ['unknownFields', 'referenceSubject', ...(isText ? OF_TEXT : [])])
  checkChoice(options, 'unknownFields', ['keep', 'drop'])
  const { referenceSubject, message, imports } = options
  if (referenceSubject !== undefined && typeof referenceSubject !== 'function')
    throw invalidOption('referenceSubject', referenceSubject, 'it must be a function')
  if (message !== undefined && (typeof message !== 'string' || message === ''))
    throw invalidOption('message', message, 'it must be the name of a message')
  if (imports === undefined) return
  if (!isPlainObject(imports) || !Object.values(imports).every(text => typeof text === 'string'))
    throw invalidOption('imports', imports, 'it must be an object with the texts of files, by the path of the import')
}

function isMessage(given: unknown): boolean {
  if (!isPlainObject(given)) return false
  return given['kind'] === 'message' && typeof given['typeName'] === 'string' && isPlainObject(given['file'])
}
