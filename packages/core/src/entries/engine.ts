/* What runs a plan: compiled operators, stores, and the code that all clients share. It needs Node.js. */
import '../record/node-byte-arrays.ts'

export {
  aBoolean,
  aFiniteNumber,
  aFunction,
  anIterable,
  aSerde,
  aText,
  type Check,
  checkedInside,
  either,
  type Fields,
  hasMethods,
  isPlainObject,
  listOf,
  mustBe,
  oneOf,
  optional,
  optionsOf,
} from '../arguments/check.ts'
export { jsonMisfit } from '../serde/json-misfit.ts'
export { type Argument, checkArguments } from '../arguments/checked-methods.ts'
export { insteadOf, OF_A_TOPIC, OF_AN_APPLICATION, unknownName } from '../arguments/option-names.ts'
export { aStoreBuilder } from '../arguments/options.ts'
export { checkStoreCall, storeMethods } from '../arguments/store-arguments.ts'
export { aPlan, checkPlan } from '../arguments/plan-argument.ts'
export {
  aLogger,
  aNewTopic,
  aRecord,
  aRunningClock,
  someHeaders,
  TOPIC_SERDES,
  topicSerdes,
} from '../arguments/record-arguments.ts'
export { answeredError, fencesProducer, type AnsweredError, type ErrorContext } from '../client/answered-error.ts'
export {
  checkNumberOptions,
  checkOptionNames,
  invalidOption,
  invalidSecret,
  isGivenObject,
  isHeaderToken,
  TIMER_RANGE,
  type GivenOptions,
} from '../client/check-options.ts'
export { GROUP_DEFAULTS, PRODUCER_DEFAULTS } from '../client/client-defaults.ts'
export { FetchConsumer, type RecordFetcher } from '../client/fetch-consumer.ts'
export { FetchGroupConsumer, type GroupPlace, type GroupProtocol } from '../client/fetch-group-consumer.ts'
export { type BusyMember, HeartbeatThread, type HeartbeatThreadData } from '../client/heartbeat-thread.ts'
export { HangingTransactions, MarkersMissing } from '../client/hanging-transactions.ts'
export { HeldPartitions, withoutPartitions } from '../client/held-partitions.ts'
export { namingHolders, offsetHolders, openTransactionalIds, unstableOffsets } from '../client/offset-holders.ts'
export { CompactedTopic, type CompactedRecord, type CompactedTopicOptions } from '../client/compacted-topic.ts'
export { CoordinatorWatch } from '../client/coordinator-watch.ts'
export { ProducerUse } from '../client/producer-use.ts'
export { SendingPermission } from '../client/sending-permission.ts'
export { errorsInErr } from '../client/errors-in-err.ts'
export { openClient } from '../client/open-client.ts'
export { PollLoop } from '../client/poll-loop.ts'
export { sameSubscription } from '../client/same-subscription.ts'
export type * from '../client/transaction-requests.ts'
export { compareBytes } from '../state/compare-bytes.ts'
export * from '../formats/key-layout.ts'
export { readUtf8 } from '../serde/utf8.ts'
export { memoryStore } from '../state/memory-backend.ts'
export { storeIterator, type ChunkSource } from '../state/store-iterator.ts'
export { compileOperator } from '../operators/compile-operator.ts'
export { holdsBackMs, keepsKeyAndTime, looksAtNothing } from '../operators/traits.ts'
export {
  isPromise,
  type CallScope,
  type DropReason,
  type OperatorEnv,
  type Process,
  type PunctuationType,
  type TaskContext,
} from '../operators/process.ts'
export { compileDropLate, resultChildren, type Lateness, type LateRecord } from '../operators/late.ts'
export { resultError } from '../operators/function-result.ts'
export { similarName } from '../errors/similar-name.ts'
export { isUnawaited } from '../errors/unawaited.ts'
export { checkSupplied, sharedObject } from '../topology/suppliers.ts'
export { UndoLog } from '../state/undo-log.ts'
