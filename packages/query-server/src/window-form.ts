import type { Windowed } from '@millrace/core'
import { type JsonForm, toJsonForm } from '@millrace/query-client'

/** A key of a window or a session as answers have it. */
export function windowForm({ key, window: { start, end } }: Windowed<unknown>): JsonForm {
  return { key: toJsonForm(key), start, end: toJsonForm(end) }
}
