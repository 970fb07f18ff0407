export { type QueryServer, queryServer } from './query-server.ts'
export type { QueriedStreams, QueryServerOptions } from './server-options.ts'
export { openApi } from './openapi.ts'
export type { ConsoleMount } from './console-mount.ts'
