import {
  checkArguments,
  hasMethods,
  isPromise,
  reasonOf,
  type RecordTracer,
  shownOption,
  type TaskTracer,
  type TracedRecord,
} from '@millrace/core'
import {
  type Attributes,
  context,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { Contributors } from './contributors.ts'
import { readTraceContext, withTraceContext } from './w3c-headers.ts'

/**
 * Makes spans of records on their way through sources, processors, stores and sinks. For the option `tracer` of `KafkaStreams`.
 *
 * A source continues the trace of the record's headers (W3C trace context), and a sink writes its own span into them, so that a trace goes on
 * through repartition topics and other applications. A span has links to the traces that wrote a store entry before it: those of the records
 * that an aggregate, a join or `suppress` has brought together.
 *
 * @param tracer @default `trace.getTracer('millrace')`
 * @example
 * const streams = new KafkaStreams(plan, { applicationId: 'orders', client, tracer: otelTracer() })
 */
export function otelTracer(tracer: Tracer = trace.getTracer('millrace')): RecordTracer {
  checkArguments('otelTracer', [['tracer', hasMethods('a tracer of OpenTelemetry', 'startSpan')]], [tracer])
  return {
    task: ({ applicationId, taskId }) =>
      taskTracer(tracer, { 'millrace.application.id': applicationId, 'millrace.task.id': taskId }),
  }
}

/** In a task one record is worked on after the other: what is under way is a stack of spans. */
function taskTracer(tracer: Tracer, task: Attributes): TaskTracer {
  const contributors = new Contributors()
  /** To which spans each span has links. */
  const links = new WeakMap<Span, Set<string>>()
  /** The context of the span that is under way; undefined between two records. */
  let current: Context | undefined

  return {
    source: (node, record, run) => {
      // A record of the input begins at its own headers, whatever was under way.
      current = undefined
      return inSpan(`${record.topic ?? node} process`, SpanKind.CONSUMER, attributesOf(node, record), record, run)
    },
    processor: (node, record, run) => inSpan(node, SpanKind.INTERNAL, attributesOf(node, record), record, run),
    sink: (node, record, run) => {
      const { headers } = record
      const written = (span: Span) => {
        const spanContext = span.spanContext()
        if (trace.isSpanContextValid(spanContext)) record.headers = withTraceContext(headers, spanContext)
        return run()
      }
      const back = () => {
        record.headers = headers
      }
      return inSpan(`${node} send`, SpanKind.PRODUCER, attributesOf(node, record), record, written, back)
    },
    store: (store, operation, key, run) => {
      // A store is also called where no record is: by a timer, or while a task starts.
      if (current === undefined) return run()
      const attributes = {
        ...task,
        'db.system.name': 'millrace',
        'db.collection.name': store,
        'db.operation.name': operation,
      }
      const entry = key === undefined ? undefined : entryOf(store, key)
      if (entry !== undefined) link(current, entry, operation)
      return inSpan(`${store} ${operation}`, SpanKind.INTERNAL, attributes, undefined, run)
    },
  }

  function attributesOf(node: string, { topic, partition, offset }: TracedRecord): Attributes {
    const from =
      topic === null
        ? {}
        : {
            'messaging.system': 'kafka',
            'messaging.destination.name': topic,
            'messaging.destination.partition.id': String(partition),
            'messaging.kafka.offset': offset,
          }
    return { ...task, 'millrace.node': node, ...from }
  }

  /** The operator that calls the store is linked to the traces that have written the entry; who writes is remembered. */
  function link(operator: Context, entry: string, operation: string): void {
    const span = trace.getSpan(operator)
    if (span === undefined) return
    const own = span.spanContext()
    const linked = links.get(span) ?? new Set()
    links.set(span, linked)
    for (const other of contributors.of(entry, own.traceId)) {
      if (!linked.has(other.spanId)) span.addLink({ context: other })
      linked.add(other.spanId)
    }
    if (WRITES.has(operation)) contributors.add(entry, own)
  }

  function inSpan<R>(
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    record: TracedRecord | undefined,
    run: (span: Span) => R,
    after: () => void = () => undefined,
  ): R {
    const before = current
    const parent = before ?? contextOf(record)
    const span = tracer.startSpan(name, { kind, attributes }, parent)
    const inside = trace.setSpan(parent, span)
    current = inside
    const end = (failure?: { readonly error: unknown }) => {
      try {
        if (failure !== undefined) fail(span, failure.error)
        span.end()
      } finally {
        after()
        current = before
      }
    }
    let result: R
    try {
      // User code that makes spans of its own, or calls another service, continues this one.
      result = context.with(inside, () => run(span))
    } catch (error) {
      end({ error })
      throw error
    }
    if (!isPromise(result)) {
      end()
      return result
    }
    return Promise.resolve(result).then(
      value => {
        end()
        return value
      },
      (error: unknown) => {
        end({ error })
        throw error
      },
    ) as R
  }
}

const WRITES: ReadonlySet<string> = new Set(['put', 'putIfAbsent', 'append'])

/** The trace of a record that is not in the middle of its way: that of its headers, or a new one. */
function contextOf(record: TracedRecord | undefined): Context {
  const remote = record === undefined ? undefined : readTraceContext(record.headers)
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote)
}

function entryOf(store: string, key: unknown): string {
  return `${store} ${typeof key === 'string' ? key : shownOption(key)}`
}

function fail(span: Span, error: unknown): void {
  const thrown = error instanceof Error ? error : new Error(reasonOf(error))
  span.recordException(thrown)
  span.setStatus({ code: SpanStatusCode.ERROR, message: thrown.message })
}
