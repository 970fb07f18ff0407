import { checkOptionNames, invalidOption, isGivenObject } from '@millrace/core'
import { isLogicalTypeName, LOGICAL_TYPE_NAMES } from '../avro/logical-type.ts'

const OPTIONS = [
  'registry',
  'side',
  'subject',
  'register',
  'normalize',
  'schemaId',
  'references',
  'longs',
  'logicalTypes',
]

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  side: ['value', 'key'],
  register: ['auto', 'require', 'latest'],
  schemaId: ['prefix', 'header'],
  longs: ['number', 'bigint'],
}

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkAvroOptions(given: unknown): void {
  if (!isGivenObject(given)) throw invalidOption('avro()', given, 'it takes a schema and { registry }')
  checkOptionNames(given, OPTIONS, { autoRegister: 'register', useLatestVersion: 'register' })
  const { registry, subject, logicalTypes } = given
  if (!isGivenObject(registry) || typeof registry['byId'] !== 'function' || typeof registry['register'] !== 'function')
    throw invalidOption('registry', registry, 'it must be what schemaRegistry() or existingRegistry() returns')
  for (const [option, values] of Object.entries(CHOICES)) {
    if (given[option] === undefined || values.includes(given[option] as string)) continue
    throw invalidOption(option, given[option], `it must be one of ${values.join(', ')}`)
  }
  if (
    subject !== undefined &&
    typeof subject !== 'function' &&
    !['topic', 'record', 'topic-record'].includes(subject as string)
  )
    throw invalidOption('subject', subject, 'it must be topic, record, topic-record or a function')
  if (logicalTypes === undefined) return
  if (!isGivenObject(logicalTypes))
    throw invalidOption('logicalTypes', logicalTypes, 'it must be an object of converters')
  for (const [name, converter] of Object.entries(logicalTypes)) {
    const option = `logicalTypes['${name}']`
    if (!isLogicalTypeName(name))
      throw invalidOption(
        option,
        'given',
        `there is no such logical type; possible are ${LOGICAL_TYPE_NAMES.join(', ')}`,
      )
    if (
      !isGivenObject(converter) ||
      typeof converter['fromRaw'] !== 'function' ||
      typeof converter['toRaw'] !== 'function'
    )
      throw invalidOption(option, 'given', 'it must be a converter, with shape, fromRaw and toRaw')
  }
}
