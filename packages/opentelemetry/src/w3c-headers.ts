import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api'
import type { Headers } from '@millrace/core'

const TRACEPARENT = 'traceparent'
const TRACESTATE = 'tracestate'

/** Version 00 of https://www.w3.org/TR/trace-context/; what later versions add comes behind and is not read. */
const FORM = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The trace that a record belongs to; undefined without a valid header `traceparent`. */
export function readTraceContext(headers: Headers): SpanContext | undefined {
  const parent = FORM.exec(textOf(headers, TRACEPARENT) ?? '')
  if (parent === null) return undefined
  const [, version, traceId, spanId, flags, more] = parent
  if (version === '00' && more !== undefined) return undefined
  const state = textOf(headers, TRACESTATE)
  const context: SpanContext = {
    traceId: traceId!,
    spanId: spanId!,
    traceFlags: Number.parseInt(flags!, 16) & 1,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  }
  return isSpanContextValid(context) ? context : undefined
}

/** The same headers, with this span as the trace context. */
export function withTraceContext(headers: Headers, context: SpanContext): Headers {
  const { traceId, spanId, traceFlags, traceState } = context
  const flags = (traceFlags & 1).toString(16).padStart(2, '0')
  const state = traceState?.serialize() ?? ''
  return [
    ...headers.filter(({ key }) => key !== TRACEPARENT && key !== TRACESTATE),
    { key: TRACEPARENT, value: Buffer.from(`00-${traceId}-${spanId}-${flags}`) },
    ...(state === '' ? [] : [{ key: TRACESTATE, value: Buffer.from(state) }]),
  ]
}

/** The last one counts, as in Kafka's `lastHeader`. */
function textOf(headers: Headers, name: string): string | undefined {
  const value = headers.findLast(({ key }) => key === name)?.value
  return value === undefined || value === null ? undefined : Buffer.from(value).toString()
}
