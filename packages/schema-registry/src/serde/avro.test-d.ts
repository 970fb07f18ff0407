import type { SerdeType } from '@millrace/core'
import { Decimal } from 'decimal.js'
import { Temporal } from 'temporal-polyfill'
import type { LogicalConverter } from '../avro/value-form.ts'
import { asDate } from '../logical-types/as-date.ts'
import { asParts } from '../logical-types/as-parts.ts'
import { asTemporal } from '../logical-types/as-temporal.ts'
import { asText } from '../logical-types/as-text.ts'
import { asDecimal } from '../logical-types/decimals.ts'
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

const chosen = avro(
  {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'day', type: ['null', { type: 'int', logicalType: 'date' }] },
      { name: 'span', type: { type: 'fixed', name: 'Span', size: 12, logicalType: 'duration' } },
    ],
  },
  {
    registry,
    logicalTypes: { ...asDate, ...asText, ...asParts, 'timestamp-micros': asTemporal(Temporal)['timestamp-micros'] },
  },
)
const chosenValue: SerdeType<typeof chosen> = {
  at: Temporal.Now.instant(),
  price: '1.00',
  day: '2026-11-30',
  span: { months: 1, days: 0, milliseconds: 0 },
}
const libraryDecimal = avro(
  { type: 'bytes', logicalType: 'decimal', precision: 9 },
  { registry, logicalTypes: asDecimal(Decimal) },
)
const libraryValue: SerdeType<typeof libraryDecimal> = new Decimal('1')
// @ts-expect-error -- a decimal is not a number
const notANumber: SerdeType<typeof libraryDecimal> = 1

interface Own {
  readonly id: number
}
const own = avro<Own>('{"type":"record","name":"R","fields":[{"name":"id","type":"int"}]}', { registry })
const ownValue: SerdeType<typeof own> = { id: 1 }

export const used = [state, price, bigValue, notBig, datedValue, ownValue, chosenValue, libraryValue, notANumber]
