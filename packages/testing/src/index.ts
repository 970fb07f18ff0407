export { withFaults, type FaultyFactory } from './faults/with-faults.ts'
export type { FaultEvent, FaultKind, FaultOperation, FaultOptions, ScheduledFault } from './faults/fault-plan.ts'
export { TopologyTestDriver, type DriverTask } from './driver/topology-test-driver.ts'
export type { TopologyTestDriverOptions } from './driver/driver-options.ts'
export type { InputTopicOptions, PipeListOptions, TestInputTopic } from './driver/test-input-topic.ts'
export type { OutputTopicOptions, TestOutputTopic } from './driver/test-output-topic.ts'
export type { InputRecord, PipeOptions, TestRecord } from './driver/test-record.ts'
export { survivingStore } from './driver/surviving-store.ts'
export {
  replay,
  simulate,
  type Oracle,
  type SimulatedOutput,
  type SimulatedRun,
  type SimulationOptions,
  type SimulationResult,
} from './simulation/simulate.ts'
export { rehearseRestart, type Rehearsal, type RehearsalOptions } from './simulation/rehearse-restart.ts'
export type { IdleTime } from './simulation/idle-watch.ts'
export type { Comparison } from './simulation/compare-runs.ts'
export {
  SIMULATION_START_MS,
  type DiskFate,
  type LostMarkers,
  type SimulatedInput,
  type SimulatedRecord,
  type SimulationCase,
  type Trouble,
} from './simulation/simulation-case.ts'
export { checkHistory } from './history/check-history.ts'
export { checkStores, type StoredTasks, type StoresToCheck } from './history/check-stores.ts'
export type { Anomaly, AnomalyName } from './history/anomaly.ts'
export type {
  CountLink,
  EachLink,
  Effect,
  History,
  HistoryCommit,
  HistoryLink,
  HistoryRecord,
  HistoryTransaction,
  TransactionPart,
} from './history/history.ts'
