import type { SerdeType } from '@millrace/core'
import type { LogicalConverter } from '../avro/value-form.ts'
import { schemaRegistry } from '../client/schema-registry.ts'
import { avro } from './avro.ts'

const registry = schemaRegistry({ url: 'http://localhost:8081' })

const order = avro(
  {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] } },
      {
        name: 'lines',
        type: { type: 'array', items: { type: 'record', name: 'Line', fields: [{ name: 'price', type: 'double' }] } },
      },
      { name: 'tags', type: { type: 'map', values: 'string' } },
      { name: 'raw', type: 'bytes' },
    ],
  },
  { registry },
)

const value: SerdeType<typeof order> = {
  id: 1,
  note: null,
  state: 'NEW',
  lines: [{ price: 1.5 }],
  tags: { a: 'b' },
  raw: Buffer.from(''),
}
const state: 'NEW' | 'PAID' = value.state
const price: number | undefined = value.lines[0]?.price
// @ts-expect-error -- no such symbol
value.state satisfies 'GONE'

const big = avro({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'long' }] }, { registry, longs: 'bigint' })
const bigValue: SerdeType<typeof big> = { n: 1n }
// @ts-expect-error -- a long is a bigint
const notBig: SerdeType<typeof big> = { n: 1 }

declare const date: LogicalConverter<Date, number>
const dated = avro(
  { type: 'record', name: 'R', fields: [{ name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } }] },
  { registry, logicalTypes: { 'timestamp-millis': date } },
)
const datedValue: SerdeType<typeof dated> = { at: new Date() }

interface Own {
  readonly id: number
}
const own = avro<Own>('{"type":"record","name":"R","fields":[{"name":"id","type":"int"}]}', { registry })
const ownValue: SerdeType<typeof own> = { id: 1 }

export const used = [state, price, bigValue, notBig, datedValue, ownValue]
