import { isTrue, plainOption, type ProtoMessage } from './proto-file.ts'

/**
 * The types of a map, if the message stands for its entries. Descriptors have such a message for each map; in a text it comes from a
 * descriptor that was turned into text.
 */
export function mapOfEntry(message: ProtoMessage): { readonly key: string; readonly value: string } | undefined {
  if (!isTrue(plainOption(message.options, 'map_entry'))) return undefined
  const key = message.fields.find(({ name }) => name === 'key')
  const value = message.fields.find(({ name }) => name === 'value')
  return key === undefined || value === undefined ? undefined : { key: key.type, value: value.type }
}
