import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api'

/** A span that has ended. */
export interface Ended {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly links: readonly SpanContext[]
  readonly status: SpanStatus
}

/** A tracer that keeps its spans, as an SDK does. Ids are numbers in the order of the spans. */
export function memoryTracer(): { readonly tracer: Tracer; readonly ended: Ended[] } {
  const ended: Ended[] = []
  let spans = 0
  const id = (length: number) => (++spans).toString(16).padStart(length, '0')

  function startSpan(name: string, options: SpanOptions = {}, parentContext?: Context): Span {
    const parent = parentContext === undefined ? undefined : trace.getSpanContext(parentContext)
    const spanContext: SpanContext = {
      traceId: parent?.traceId ?? id(32),
      spanId: id(16),
      traceFlags: TraceFlags.SAMPLED,
      ...(parent?.traceState !== undefined && { traceState: parent.traceState }),
    }
    const links: Link[] = []
    let status: SpanStatus = { code: SpanStatusCode.UNSET }
    let recording = true
    const span: Span = {
      spanContext: () => spanContext,
      setAttribute: () => span,
      setAttributes: () => span,
      addEvent: () => span,
      addLink: link => (links.push(link), span),
      addLinks: more => (links.push(...more), span),
      setStatus: given => ((status = given), span),
      updateName: () => span,
      recordException: () => undefined,
      isRecording: () => recording,
      end() {
        if (!recording) throw new Error(`${name} ends twice`)
        recording = false
        ended.push({
          name,
          kind: options.kind ?? SpanKind.INTERNAL,
          attributes: options.attributes ?? {},
          context: spanContext,
          parent,
          links: links.map(({ context }) => context),
          status,
        })
      },
    }
    return span
  }
  const startActiveSpan = () => {
    throw new Error('not used')
  }
  return { tracer: { startSpan, startActiveSpan }, ended }
}
