import { AvroDeserializer, AvroSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningRegistry, startRegistry } from './start-registry.ts'

/*
 * The clients that others use, unchanged.
 */

let registry: RunningRegistry
beforeEach(async () => void (registry = await startRegistry()))
afterEach(() => registry.close())

const ORDER = {
  type: 'record' as const,
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'customer', type: 'string' },
  ],
}
const NEWER = { ...ORDER, fields: [...ORDER.fields, { name: 'note', type: ['null', 'string'], default: null }] }

describe('@kafkajs/confluent-schema-registry', () => {
  it('registers, encodes, decodes, and finds what is registered', async () => {
    const client = new SchemaRegistry({ host: registry.url })
    const { id } = await client.register({ type: 'AVRO', schema: JSON.stringify(ORDER) } as never, {
      subject: 'orders-value',
    })
    const bytes = await client.encode(id, { id: 1, customer: 'Ada' })
    expect(bytes[0]).toBe(0)
    expect(bytes.readInt32BE(1)).toBe(id)
    expect(await new SchemaRegistry({ host: registry.url }).decode(bytes)).toEqual({ id: 1, customer: 'Ada' })
    expect(await client.getLatestSchemaId('orders-value')).toBe(id)
    expect(await client.getRegistryId('orders-value', 1)).toBe(id)
    expect(
      await client.getRegistryIdBySchema('orders-value', { type: 'AVRO', schema: JSON.stringify(ORDER) } as never),
    ).toBe(id)
  })

  it('is told that a schema is incompatible', async () => {
    const client = new SchemaRegistry({ host: registry.url })
    await client.register(ORDER as never, { subject: 'orders-value' })
    const incompatible = { ...ORDER, fields: [...ORDER.fields, { name: 'note', type: 'string' }] }
    await expect(client.register(incompatible as never, { subject: 'orders-value' })).rejects.toThrow(
      /incompatible with an earlier schema/,
    )
  })

  it('follows references', async () => {
    const client = new SchemaRegistry({ host: registry.url })
    await client.register({ type: 'AVRO', schema: JSON.stringify(ORDER) } as never, { subject: 'orders' })
    const basket = {
      type: 'record',
      name: 'Basket',
      namespace: 'shop',
      fields: [{ name: 'order', type: 'shop.Order' }],
    }
    const references = [{ name: 'shop.Order', subject: 'orders', version: 1 }]
    const { id } = await client.register({ type: 'AVRO', schema: JSON.stringify(basket), references } as never, {
      subject: 'baskets',
    })
    const bytes = await client.encode(id, { order: { id: 1, customer: 'Ada' } })
    expect(await new SchemaRegistry({ host: registry.url }).decode(bytes)).toEqual({
      order: { id: 1, customer: 'Ada' },
    })
  })
})

describe('@confluentinc/schemaregistry', () => {
  const open = () => new SchemaRegistryClient({ baseURLs: [registry.url] })

  it('serializes with auto-registration, and deserializes', async () => {
    const client = open()
    const serializer = new AvroSerializer(client, SerdeType.VALUE, {
      autoRegisterSchemas: false,
      useLatestVersion: true,
    })
    await client.register('orders-value', { schemaType: 'AVRO', schema: JSON.stringify(ORDER) })
    const bytes = await serializer.serialize('orders', { id: 1, customer: 'Ada' })
    const deserializer = new AvroDeserializer(open(), SerdeType.VALUE, {})
    expect(await deserializer.deserialize('orders', bytes)).toMatchObject({ id: 1, customer: 'Ada' })
  })

  it('finds schemas by id, GUID, version and text', async () => {
    const client = open()
    const info = { schemaType: 'AVRO', schema: JSON.stringify(ORDER) }
    const registered = await client.registerFullResponse('orders-value', info)
    expect(registered).toMatchObject({ id: 1, version: 1 })
    expect(await open().getBySubjectAndId('orders-value', 1)).toMatchObject(info)
    expect(await open().getByGuid(registered.guid!)).toMatchObject(info)
    expect(await open().getIdFullResponse('orders-value', info)).toMatchObject({ id: 1, guid: registered.guid })
    expect(await open().getLatestSchemaMetadata('orders-value')).toMatchObject({ ...info, version: 1 })
    expect(await open().getAllVersions('orders-value')).toEqual([1])
    expect(await open().getAllSubjects()).toEqual(['orders-value'])
  })

  it('tests compatibility, changes it, and deletes', async () => {
    const client = open()
    await client.register('orders-value', { schemaType: 'AVRO', schema: JSON.stringify(ORDER) })
    expect(
      await client.testCompatibility('orders-value', 1, { schemaType: 'AVRO', schema: JSON.stringify(NEWER) }),
    ).toBe(true)
    expect(await client.testSubjectCompatibility('orders-value', { schemaType: 'AVRO', schema: '"int"' })).toBe(false)
    await client.updateConfig('orders-value', { compatibility: 'NONE' as never })
    expect(await client.getConfig('orders-value')).toMatchObject({ compatibilityLevel: 'NONE' })
    expect(await client.deleteSubject('orders-value')).toEqual([1])
    expect(await client.deleteSubject('orders-value', true)).toEqual([1])
    expect(await client.getAllSubjects()).toEqual([])
  })
})
