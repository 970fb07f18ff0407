export { otelTracer } from './otel-tracer.ts'
export { type Measured, observeMetrics } from './otel-metrics.ts'
