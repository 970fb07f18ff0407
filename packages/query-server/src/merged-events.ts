/**
 * The events of several sources as they come. A source goes on when its last event has been taken, so nothing piles up here.
 * @throws what a source throws
 */
export async function* mergedEvents<T>(
  sources: readonly AsyncGenerator<T, void, void>[],
): AsyncGenerator<T, void, void> {
  const waiting: { readonly event: T; readonly taken: () => void }[] = []
  let news = Promise.withResolvers<void>()
  let open = sources.length
  let failure: { readonly error: unknown } | undefined
  let isOver = false
  const pump = async (source: AsyncGenerator<T, void, void>) => {
    try {
      for await (const event of source) {
        const { promise, resolve: taken } = Promise.withResolvers<void>()
        waiting.push({ event, taken })
        news.resolve()
        await promise
        if (isOver) return
      }
    } catch (error) {
      failure ??= { error }
    } finally {
      open--
      news.resolve()
    }
  }
  const pumps = sources.map(pump)
  try {
    while (open > 0 || waiting.length > 0) {
      const next = waiting.shift()
      if (next !== undefined) {
        yield next.event
        next.taken()
        continue
      }
      if (failure !== undefined) throw failure.error
      await news.promise
      news = Promise.withResolvers()
    }
    if (failure !== undefined) throw failure.error
  } finally {
    isOver = true
    for (const { taken } of waiting) taken()
    // They end when their signal is aborted, which the caller does.
    void Promise.allSettled(pumps)
  }
}
