/** Places the nodes of a graph in layers from left to right, with few crossings. Pure. */

export interface Placed {
  readonly id: string
  readonly x: number
  readonly y: number
}

export interface Layout {
  readonly places: ReadonlyMap<string, Placed>
  readonly width: number
  readonly height: number
}

interface Edge {
  readonly from: string
  readonly to: string
}

export const NODE_WIDTH = 164
export const NODE_HEIGHT = 46
const GAP_X = 52
const GAP_Y = 26
const SWEEPS = 6

export function layoutOf(ids: readonly string[], edges: readonly Edge[]): Layout {
  const known = new Set(ids)
  const inside = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to)
  const { layerOf, forward } = layersOf(ids, inside)
  const layers: string[][] = []
  for (const id of ids) (layers[layerOf.get(id)!] ??= []).push(id)
  const [before, after] = [neighbours(forward, 'to', 'from'), neighbours(forward, 'from', 'to')]
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers.slice(1)) sortBy(layer, before, orderIn(layers))
    for (const layer of layers.slice(0, -1).reverse()) sortBy(layer, after, orderIn(layers))
  }
  const rows = rowsOf(layers, before, after)
  const places = new Map(
    layers.flatMap((layer, at) =>
      layer.map(id => {
        const place = { id, x: at * (NODE_WIDTH + GAP_X), y: rows.get(id)! * (NODE_HEIGHT + GAP_Y) }
        return [id, place] as const
      }),
    ),
  )
  const most = Math.max(0, ...[...places.values()].map(({ y }) => y))
  return { places, width: Math.max(1, layers.length) * (NODE_WIDTH + GAP_X) - GAP_X, height: most + NODE_HEIGHT }
}

/** The longest way from a node without parents. An edge that closes a cycle (a topic that is read again) goes backwards. */
function layersOf(ids: readonly string[], edges: readonly Edge[]) {
  const children = neighbours(edges, 'from', 'to')
  const state = new Map<string, 'open' | 'done'>()
  const order: string[] = []
  const back = new Set<string>()
  const visit = (start: string) => {
    const path: { id: string; next: number }[] = [{ id: start, next: 0 }]
    state.set(start, 'open')
    while (path.length > 0) {
      const top = path.at(-1)!
      const child = (children.get(top.id) ?? [])[top.next++]
      if (child === undefined) {
        state.set(top.id, 'done')
        order.push(top.id)
        path.pop()
      } else if (state.get(child) === 'open') back.add(`${top.id}\0${child}`)
      else if (!state.has(child)) {
        state.set(child, 'open')
        path.push({ id: child, next: 0 })
      }
    }
  }
  for (const id of ids) if (!state.has(id)) visit(id)
  const forward = edges.filter(({ from, to }) => !back.has(`${from}\0${to}`))
  const next = neighbours(forward, 'from', 'to')
  const layerOf = new Map(ids.map(id => [id, 0]))
  for (const id of order.reverse())
    for (const child of next.get(id) ?? []) layerOf.set(child, Math.max(layerOf.get(child)!, layerOf.get(id)! + 1))
  // A source stands beside what reads it, not at the far left.
  for (const id of ids) {
    const isFirst = !forward.some(({ to }) => to === id)
    const readers = next.get(id) ?? []
    if (isFirst && readers.length > 0)
      layerOf.set(id, Math.max(0, Math.min(...readers.map(child => layerOf.get(child)!)) - 1))
  }
  return { layerOf, forward }
}

function neighbours(edges: readonly Edge[], key: 'from' | 'to', value: 'from' | 'to'): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const edge of edges) found.set(edge[key], [...(found.get(edge[key]) ?? []), edge[value]])
  return found
}

function orderIn(layers: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  return new Map(layers.flatMap(layer => layer.map((id, at) => [id, at / Math.max(1, layer.length - 1)] as const)))
}

function sortBy(
  layer: string[],
  near: ReadonlyMap<string, readonly string[]>,
  order: ReadonlyMap<string, number>,
): void {
  const middle = new Map(
    layer.map(id => {
      const all = (near.get(id) ?? []).map(other => order.get(other) ?? 0)
      return [id, all.length === 0 ? (order.get(id) ?? 0) : all.reduce((sum, at) => sum + at, 0) / all.length]
    }),
  )
  layer.sort((a, b) => middle.get(a)! - middle.get(b)!)
}

/** Each node is moved towards the middle of its neighbours, as far as the others of its layer let it. */
function rowsOf(
  layers: readonly (readonly string[])[],
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const rows = new Map(layers.flatMap(layer => layer.map((id, at) => [id, at] as const)))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const near = sweep % 2 === 0 ? before : after
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      let least = -Infinity
      const wanted = layer.map(id => {
        const all = (near.get(id) ?? []).map(other => rows.get(other)!)
        return all.length === 0 ? rows.get(id)! : all.reduce((sum, row) => sum + row, 0) / all.length
      })
      layer.forEach((id, at) => {
        // Nodes that come later in the layer need room below.
        const row = Math.max(least + 1, wanted[at]!)
        rows.set(id, row)
        least = row
      })
      const shift = layer.reduce((sum, id, at) => sum + rows.get(id)! - wanted[at]!, 0) / Math.max(1, layer.length)
      for (const id of layer) rows.set(id, rows.get(id)! - shift)
    }
  }
  const first = Math.min(0, ...rows.values())
  return new Map([...rows].map(([id, row]) => [id, row - first]))
}
