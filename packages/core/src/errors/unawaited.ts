/**
 * Whether a value is a promise, where a value itself is needed. Nobody waits for it any more, so its failure is caught here: otherwise it
 * would end the process, whatever the policy for bad records says.
 */
export function isUnawaited(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  try {
    const { then } = value as { readonly then?: unknown }
    if (typeof then !== 'function') return false
    if (value instanceof Promise) value.catch(() => undefined)
    return true
  } catch {
    // A getter of the user's, or a proxy that was revoked.
    return false
  }
}
