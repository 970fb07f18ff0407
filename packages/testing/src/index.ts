export {
  BROKER_TIMINGS,
  clientConformance,
  type ClientCase,
  type ClientHarness,
  type ClientTimings,
} from './conformance/client-conformance.ts'
export type { ConformanceCase } from './conformance/conformance-case.ts'
