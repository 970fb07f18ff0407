import { invalidOption, isPlainObject } from '@millrace/core'
import { isLogicalTypeName, LOGICAL_TYPE_NAMES } from '../avro/logical-type.ts'
import { checkChoice, checkReferences, checkSerdeOptions } from './check-serde-options.ts'

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkAvroOptions(given: unknown): void {
  checkSerdeOptions('avro()', given, ['references', 'longs', 'logicalTypes'])
  checkChoice(given, 'longs', ['number', 'bigint'])
  checkReferences(given['references'])
  const { logicalTypes } = given
  if (logicalTypes === undefined) return
  if (!isPlainObject(logicalTypes))
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
      !isPlainObject(converter) ||
      typeof converter['fromRaw'] !== 'function' ||
      typeof converter['toRaw'] !== 'function'
    )
      throw invalidOption(option, 'given', 'it must be a converter, with shape, fromRaw and toRaw')
  }
}
