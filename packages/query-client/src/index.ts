export { type StreamMessage, streamMessages } from './event-stream.ts'
export { fromJsonForm, type JsonForm, toJsonForm } from './json-form.ts'
export type { LiveEntry, LiveEvent, LiveExpiry } from './live-events.ts'
export { QueryClientError } from './query-client-error.ts'
export {
  type EntrySettings,
  type Found,
  type ListSettings,
  type LiveSettings,
  type PositionOf,
  QueryClient,
  queryClient,
  type QueryClientOptions,
  type ReadSettings,
  type StoreInfo,
  type StoreTypes,
  type TimeSettings,
  type VersionOf,
  type WindowOf,
} from './query-client.ts'
