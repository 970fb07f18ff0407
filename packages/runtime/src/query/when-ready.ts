import { type Clock, readyAgain } from '@millrace/core'

/** As for records: a serde whose fetch changes nothing is not asked for ever. */
const ATTEMPTS = 8

/**
 * Reads, and reads again when a serde has fetched what it lacked, such as a schema. Nobody prepares the serdes of a standby's stores.
 *
 * @param deadline of the clock's monotonic time, until when it waits
 */
export async function whenReady<T>(read: () => Promise<T>, clock: Clock, deadline: number): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read()
    } catch (error) {
      const ready = readyAgain(error)
      const left = deadline - clock.monotonic()
      if (ready === undefined || attempt === ATTEMPTS || left <= 0) throw error
      const tooLong = new AbortController()
      const inTime = ready.then(
        () => true,
        () => false,
      )
      const late = clock.sleep(left, tooLong.signal).then(() => false)
      const isReady = await Promise.race([inTime, late])
      tooLong.abort()
      if (!isReady) throw error
    }
  }
}
