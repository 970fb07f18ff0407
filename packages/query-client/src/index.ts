export { fromJsonForm, type JsonForm, toJsonForm } from './json-form.ts'
export { QueryClientError } from './query-client-error.ts'
export {
  type EntrySettings,
  type Found,
  type ListSettings,
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
