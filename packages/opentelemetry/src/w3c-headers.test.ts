import { expect, it } from 'vitest'
import { readTraceContext, withTraceContext } from './w3c-headers.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const header = (key: string, text: string) => ({ key, value: Buffer.from(text) })

it('reads and writes W3C trace context', () => {
  const headers = [header('a', '1'), header('traceparent', `00-${TRACE}-${SPAN}-01`), header('tracestate', 'vendor=x')]
  const context = readTraceContext(headers)!
  expect(context).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true })
  const written = withTraceContext(headers, { ...context, spanId: '1234567890abcdef' })
  expect(written.map(({ key, value }) => `${key}: ${String(value)}`)).toEqual([
    'a: 1',
    `traceparent: 00-${TRACE}-1234567890abcdef-01`,
    'tracestate: vendor=x',
  ])
})

it.each([
  ['nothing', []],
  ['no value', [{ key: 'traceparent', value: null }]],
  ['no form', [header('traceparent', 'x')]],
  ['a trace of zeros', [header('traceparent', `00-${'0'.repeat(32)}-${SPAN}-01`)]],
  ['a span of zeros', [header('traceparent', `00-${TRACE}-${'0'.repeat(16)}-01`)]],
  ['large letters', [header('traceparent', `00-${TRACE.toUpperCase()}-${SPAN}-01`)]],
  ['version ff', [header('traceparent', `ff-${TRACE}-${SPAN}-01`)]],
  ['more in version 00', [header('traceparent', `00-${TRACE}-${SPAN}-01-x`)]],
] as const)('has no trace with %s', (_, headers) => {
  expect(readTraceContext(headers)).toBeUndefined()
})

it('reads later versions, and the last of several headers', () => {
  const later = [header('traceparent', 'x'), header('traceparent', `01-${TRACE}-${SPAN}-03-more`)]
  expect(readTraceContext(later)).toMatchObject({ traceId: TRACE, traceFlags: 1 })
})
