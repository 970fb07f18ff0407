/** A signal that is aborted at the first SIGINT or SIGTERM. Disposed, it leaves the process as it was. */
export function untilSignal(): AbortController & Disposable {
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return Object.assign(controller, {
    [Symbol.dispose]() {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  })
}
