import type { TableStore } from '@millrace/core'

/** What tasks see of global tables and stores. */
export interface ReadableGlobals {
  has(name: string): boolean
  tableStore(name: string): Pick<TableStore, 'get'>
  /** As user code sees it, without the methods that write. */
  readOnlyStore(name: string): unknown
}
