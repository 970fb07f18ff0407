import { isPromise, type MaybePromise, type StoredValue } from '@millrace/core'

/** Maps at once if the value is on the heap. */
export function mapStored<T>(
  stored: MaybePromise<StoredValue | undefined>,
  map: (stored: StoredValue | undefined) => T,
): MaybePromise<T> {
  return isPromise(stored) ? stored.then(map) : map(stored)
}
