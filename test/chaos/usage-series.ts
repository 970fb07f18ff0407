/** What one process uses at one moment. */
export interface Usage {
  readonly heapMb: number
  readonly rssMb: number
  /** Sockets, timers, workers and the like that the process has open. */
  readonly handles: number
  /** Open file descriptors; 0 where the system does not tell. */
  readonly files: number
}

export interface UsageComparison {
  readonly first: Usage
  readonly last: Usage
  /** Empty when nothing has grown. */
  readonly growth: readonly string[]
}

/** Before this share of the samples a process still warms up: code is compiled, caches fill. */
const WARM_UP = 0.3
/** Of all samples, at the end of the warm-up and at the end of the run. */
const PART = 0.3
/** Fewer samples than this say nothing. */
export const LEAST_SAMPLES = 60

/** What each figure may grow by, from the first part to the last: a factor, and what noise alone adds. */
const ALLOWED: Readonly<Record<keyof Usage, readonly [factor: number, extra: number]>> = {
  heapMb: [1.15, 4],
  rssMb: [1.2, 10],
  handles: [1, 4],
  files: [1, 12],
}

/**
 * Compares the first part of a run, after the warm-up, with its last part. Of the heap the least value of each part counts, because
 * what lies above it is garbage that nobody has collected yet; of the others the median. Undefined when there are too few samples.
 *
 * @param warmUp the share of the samples that is the warm-up
 */
export function compareUsage(samples: readonly Usage[], warmUp = WARM_UP): UsageComparison | undefined {
  if (samples.length < LEAST_SAMPLES) return undefined
  const begin = Math.floor(samples.length * warmUp)
  const size = Math.floor(samples.length * PART)
  const first = summary(samples.slice(begin, begin + size))
  const last = summary(samples.slice(-size))
  const growth = (Object.keys(ALLOWED) as (keyof Usage)[]).flatMap(figure => {
    const [factor, extra] = ALLOWED[figure]
    const limit = first[figure] * factor + extra
    return last[figure] <= limit ? [] : [`${figure} grew from ${first[figure]} to ${last[figure]}`]
  })
  return { first, last, growth }
}

export function usageText({ heapMb, rssMb, handles, files }: Usage): string {
  return `heap ${heapMb} MB, resident ${rssMb} MB, ${handles} handles, ${files} files`
}

function summary(samples: readonly Usage[]): Usage {
  return {
    heapMb: Math.min(...samples.map(({ heapMb }) => heapMb)),
    rssMb: median(samples.map(({ rssMb }) => rssMb)),
    handles: median(samples.map(({ handles }) => handles)),
    files: median(samples.map(({ files }) => files)),
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
