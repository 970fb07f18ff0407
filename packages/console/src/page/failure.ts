import { ApiError } from './api.ts'
import { h } from './dom.ts'

/** An error with what to do, as the server says it. */
export function failure(error: unknown): HTMLElement {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof ApiError ? error.hint : 'The server cannot be reached.'
  return h('div', { class: 'failure', role: 'alert' }, h('strong', {}, message), h('p', {}, hint))
}
