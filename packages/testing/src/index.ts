export {
  BROKER_TIMINGS,
  clientConformance,
  type ClientCase,
  type ClientHarness,
  type ClientTimings,
} from './conformance/client-conformance.ts'
export type { ConformanceCase } from './conformance/conformance-case.ts'
export { storeConformance } from './conformance/store-conformance.ts'
export type { StoreCase, StoreHarness } from './conformance/store-harness.ts'
export { withFaults, type FaultyFactory } from './faults/with-faults.ts'
export type { FaultEvent, FaultKind, FaultOperation, FaultOptions, ScheduledFault } from './faults/fault-plan.ts'
