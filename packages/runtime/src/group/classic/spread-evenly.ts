/** What is to be spread over places, and what is wanted of it. Items and places are numbered from 0. */
export interface SpreadProblem {
  readonly items: number
  readonly places: number
  /**
   * What it costs to have the item in the place while others are where `at` says, -1 being nowhere; Infinity: it must not be
   * there. What two items cost each other, either says.
   */
  cost(item: number, place: number, at: Int32Array): number
  /** Heavy items are spread evenly among themselves, and with the light ones as a whole. */
  isHeavy(item: number): boolean
  /** How much a place takes in comparison with others, above 0. */
  capacity(place: number): number
  /** How much more an even spread of the heavy items counts than the costs, and one of all items. */
  readonly heavyWeight: number
  readonly totalWeight: number
  /** Items that a place has beside these. @default none */
  readonly baseLoad?: readonly number[]
}

/** Costs are whole numbers; what capacities make of them is not. */
const LESS = -0.5

/**
 * The best placement that can be reached from `start`, which it changes: the sum of costs and of the squares of loads is least.
 * It is the optimum where costs do not depend on other items, because there is no circular exchange left that would pay: the
 * argument of minimum-cost flows by cancelling negative cycles. A start that is as good as any other stays as it is.
 */
export function spreadEvenly(problem: SpreadProblem, start: Int32Array): Int32Array {
  const at = start
  let price = priceOf(problem, at)
  const improvedBy = (moves: readonly Move[]) => {
    const undo = moves.map(({ item }) => ({ item, to: at[item]! }))
    for (const { item, to } of moves) at[item] = to
    const after = priceOf(problem, at)
    if (after - price < LESS) {
      price = after
      return true
    }
    for (const { item, to } of undo) at[item] = to
    return false
  }
  for (;;) {
    const exchange = payingExchange(problem, at)
    if (exchange === undefined) return at
    if (improvedBy(exchange)) continue
    // An exchange of several that cost each other something can turn out worse than it seemed. One by one they do not.
    const move = payingMove(problem, at)
    if (move === undefined || !improvedBy([move])) return at
  }
}

interface Move {
  readonly item: number
  readonly to: number
}

interface Loads {
  readonly heavy: Float64Array
  readonly total: Float64Array
}

function loadsOf({ items, places, isHeavy, baseLoad }: SpreadProblem, at: Int32Array): Loads {
  const heavy = new Float64Array(places)
  const total = Float64Array.from({ length: places }, (_, place) => baseLoad?.[place] ?? 0)
  for (let item = 0; item < items; item++) {
    total[at[item]!]!++
    if (isHeavy(item)) heavy[at[item]!]!++
  }
  return { heavy, total }
}

function priceOf(problem: SpreadProblem, at: Int32Array): number {
  const { heavy, total } = loadsOf(problem, at)
  let price = 0
  // What two cost each other is counted once: when the second one comes.
  const before = new Int32Array(at.length).fill(-1)
  for (let item = 0; item < problem.items; item++) {
    price += problem.cost(item, at[item]!, before)
    before[item] = at[item]!
  }
  for (let place = 0; place < problem.places; place++) {
    const capacity = problem.capacity(place)
    price += (problem.heavyWeight * heavy[place]! ** 2 + problem.totalWeight * total[place]! ** 2) / capacity
  }
  return price
}

/** The move of one item that pays most. */
function payingMove(problem: SpreadProblem, at: Int32Array): Move | undefined {
  const { heavy, total } = loadsOf(problem, at)
  const load = (item: number, place: number, more: number) => {
    const weighed = problem.isHeavy(item) ? problem.heavyWeight * (2 * heavy[place]! + more) : 0
    return (weighed + problem.totalWeight * (2 * total[place]! + more)) / problem.capacity(place)
  }
  let best: Move | undefined
  let most = LESS
  for (let item = 0; item < problem.items; item++) {
    const from = at[item]!
    const now = problem.cost(item, from, at) + load(item, from, -1)
    for (let to = 0; to < problem.places; to++) {
      if (to === from) continue
      const difference = problem.cost(item, to, at) + load(item, to, 1) - now
      if (difference >= most) continue
      most = difference
      best = { item, to }
    }
  }
  return best
}

/**
 * A cycle of negative cost in the graph of what one item more means. Node `p` is place p as heavy items see it, `places + p` as
 * all items do, and the last node stands for all places: going there leaves the load where it is.
 */
function payingExchange(problem: SpreadProblem, at: Int32Array): readonly Move[] | undefined {
  const { places } = problem
  const { heavy, total } = loadsOf(problem, at)
  const nodes = 2 * places + 1
  const rest = nodes - 1
  const weight = new Float64Array(nodes * nodes).fill(Infinity)
  const item = new Int32Array(nodes * nodes).fill(-1)
  for (let one = 0; one < problem.items; one++) {
    const from = at[one]!
    const offset = problem.isHeavy(one) ? 0 : places
    const now = problem.cost(one, from, at)
    for (let to = 0; to < places; to++) {
      if (to === from) continue
      const edge = (offset + from) * nodes + offset + to
      const difference = problem.cost(one, to, at) - now
      if (difference >= weight[edge]!) continue
      weight[edge] = difference
      item[edge] = one
    }
  }
  for (let place = 0; place < places; place++) {
    const capacity = problem.capacity(place)
    const [h, t] = [heavy[place]!, total[place]!]
    weight[place * nodes + places + place] = (problem.heavyWeight * (2 * h + 1)) / capacity
    if (h > 0) weight[(places + place) * nodes + place] = (-problem.heavyWeight * (2 * h - 1)) / capacity
    weight[(places + place) * nodes + rest] = (problem.totalWeight * (2 * t + 1)) / capacity
    if (t > 0) weight[rest * nodes + places + place] = (-problem.totalWeight * (2 * t - 1)) / capacity
  }
  const cycle = negativeCycle(weight, nodes)
  return cycle?.flatMap(([from, to]) => {
    const moved = item[from * nodes + to]!
    return moved < 0 ? [] : [{ item: moved, to: to % places }]
  })
}

/** Bellman and Ford's, from every node at once, as edges `[from, to]`; it looks for a cycle after each round. */
function negativeCycle(weight: Float64Array, nodes: number): readonly (readonly [number, number])[] | undefined {
  const distance = new Float64Array(nodes)
  const parent = new Int32Array(nodes).fill(-1)
  for (let round = 0; round <= nodes; round++) {
    let changed = false
    for (let from = 0; from < nodes; from++) {
      for (let to = 0; to < nodes; to++) {
        const through = distance[from]! + weight[from * nodes + to]!
        if (!(through - distance[to]! < LESS)) continue
        distance[to] = through
        parent[to] = from
        changed = true
      }
    }
    if (!changed) return undefined
    const cycle = cycleOf(parent)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

function cycleOf(parent: Int32Array): readonly (readonly [number, number])[] | undefined {
  const visitedFrom = new Int32Array(parent.length).fill(-1)
  for (let start = 0; start < parent.length; start++) {
    let node = start
    while (node >= 0 && visitedFrom[node]! < 0) {
      visitedFrom[node] = start
      node = parent[node]!
    }
    if (node < 0 || visitedFrom[node] !== start) continue
    const edges: [number, number][] = []
    let to = node
    do {
      const from = parent[to]!
      edges.push([from, to])
      to = from
    } while (to !== node)
    return edges
  }
  return undefined
}
