export {
  BROKER_TIMINGS,
  clientConformance,
  type ClientCase,
  type ClientHarness,
  type ClientTimings,
} from './conformance/client-conformance.ts'
export type { ConformanceCase } from './conformance/conformance-case.ts'
export { storeConformance } from './conformance/store-conformance.ts'
export { windowsConformance, type WindowsHarness } from './conformance/windows-conformance.ts'
export type { StoreCase, StoreHarness } from './conformance/store-harness.ts'
export {
  stateStoreConformance,
  stateStoreHarness,
  type StateStoreCase,
  type StateStoreHarness,
  type TypedStateStoreHarness,
} from './conformance/state-store-conformance.ts'
