/**
 * A sorted map with free snapshots: a B+ tree whose nodes are copied only when a snapshot still sees them.
 *
 * Each node carries the edit that owns it. `freeze` starts a new edit, so from then on the first change under a node copies
 * it and leaves the frozen root as it was. A run of writes between two snapshots changes nodes in place, and a write after a
 * snapshot costs a few node copies: never a copy of the map.
 *
 * Keys are strings, compared by code unit; bytes as latin1 strings therefore sort as unsigned bytes.
 */
export class OrderedMap<Value> {
  #root: Node<Value>
  #edit: Edit = {}

  constructor() {
    this.#root = emptyLeaf(this.#edit)
  }

  get(key: string): Value | undefined {
    return valueAt(this.#root, key)
  }

  set(key: string, value: Value): void {
    const root = owned(this.#root, this.#edit)
    insert(root, key, value, this.#edit)
    this.#root = root.keys.length > MAX_KEYS ? splitRoot(root, this.#edit) : root
  }

  delete(key: string): void {
    if (valueAt(this.#root, key) === undefined) return
    const root = owned(this.#root, this.#edit)
    remove(root, key, this.#edit)
    this.#root = root.children?.length === 1 ? root.children[0]! : root
  }

  /** The map as it is now; later changes do not reach it. */
  freeze(): FrozenMap<Value> {
    this.#edit = {}
    return new FrozenMap(this.#root)
  }
}

/** What a map held at one moment. */
export class FrozenMap<Value> {
  readonly #root: Node<Value>

  constructor(root: Node<Value>) {
    this.#root = root
  }

  get(key: string): Value | undefined {
    return valueAt(this.#root, key)
  }

  /** Calls `visit` in key order for `from <= key < to` until it returns false. */
  forward(from: string, to: string | undefined, visit: Visit<Value>): void {
    visitForward(this.#root, from, to, visit)
  }

  /** The same range from its end. */
  reverse(from: string, to: string | undefined, visit: Visit<Value>): void {
    visitReverse(this.#root, from, to, visit)
  }
}

export type Visit<Value> = (key: string, value: Value) => boolean

interface Edit {}

/**
 * A leaf has one value for each key. A branch has one child more than keys, and `keys[i]` is at most the first key of
 * `children[i + 1]` and greater than every key of `children[i]`.
 */
interface Node<Value> {
  readonly edit: Edit
  readonly keys: string[]
  readonly values: Value[]
  readonly children: Node<Value>[] | undefined
}

const MAX_KEYS = 48
/** Two neighbours are merged when they fit in this, so that a map that shrinks does not keep a tree of crumbs. */
const MERGE_KEYS = MAX_KEYS / 2

function emptyLeaf<Value>(edit: Edit): Node<Value> {
  return { edit, keys: [], values: [], children: undefined }
}

function owned<Value>(node: Node<Value>, edit: Edit): Node<Value> {
  if (node.edit === edit) return node
  return { edit, keys: node.keys.slice(), values: node.values.slice(), children: node.children?.slice() }
}

function ownedChild<Value>(node: Node<Value>, at: number, edit: Edit): Node<Value> {
  const child = owned(node.children![at]!, edit)
  node.children![at] = child
  return child
}

/** The number of keys less than `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The child of a branch that holds `key`: the number of keys not greater than it. */
function childOf(keys: readonly string[], key: string): number {
  const at = lowerBound(keys, key)
  return keys[at] === key ? at + 1 : at
}

function valueAt<Value>(root: Node<Value>, key: string): Value | undefined {
  let node = root
  while (node.children !== undefined) node = node.children[childOf(node.keys, key)]!
  const at = lowerBound(node.keys, key)
  return node.keys[at] === key ? node.values[at] : undefined
}

/** The node may be one key too long afterwards; its parent splits it. */
function insert<Value>(node: Node<Value>, key: string, value: Value, edit: Edit): void {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key)
    if (node.keys[at] === key) {
      node.values[at] = value
      return
    }
    node.keys.splice(at, 0, key)
    node.values.splice(at, 0, value)
    return
  }
  const at = childOf(node.keys, key)
  const child = ownedChild(node, at, edit)
  insert(child, key, value, edit)
  if (child.keys.length > MAX_KEYS) {
    const [separator, right] = split(child, edit)
    node.keys.splice(at, 0, separator)
    node.children.splice(at + 1, 0, right)
  }
}

function split<Value>(node: Node<Value>, edit: Edit): [separator: string, right: Node<Value>] {
  const middle = node.keys.length >>> 1
  if (node.children === undefined) {
    const right = { edit, keys: node.keys.splice(middle), values: node.values.splice(middle), children: undefined }
    return [right.keys[0]!, right]
  }
  const right = { edit, keys: node.keys.splice(middle + 1), values: [], children: node.children.splice(middle + 1) }
  return [node.keys.pop()!, right]
}

function splitRoot<Value>(root: Node<Value>, edit: Edit): Node<Value> {
  const [separator, right] = split(root, edit)
  return { edit, keys: [separator], values: [], children: [root, right] }
}

/** Removes a key that is there. */
function remove<Value>(node: Node<Value>, key: string, edit: Edit): void {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key)
    node.keys.splice(at, 1)
    node.values.splice(at, 1)
    return
  }
  const at = childOf(node.keys, key)
  const child = ownedChild(node, at, edit)
  remove(child, key, edit)
  if (child.keys.length < MERGE_KEYS / 2) mergeNeighbours(node, at === 0 ? 0 : at - 1, edit)
}

function mergeNeighbours<Value>(node: Node<Value>, at: number, edit: Edit): void {
  const right = node.children?.[at + 1]
  if (right === undefined || node.children![at]!.keys.length + right.keys.length >= MERGE_KEYS) return
  const left = ownedChild(node, at, edit)
  if (left.children !== undefined) left.keys.push(node.keys[at]!)
  left.keys.push(...right.keys)
  left.values.push(...right.values)
  left.children?.push(...right.children!)
  node.keys.splice(at, 1)
  node.children!.splice(at + 1, 1)
}

/** False when the visitor, or the end of the range, stopped the walk. */
function visitForward<Value>(node: Node<Value>, from: string, to: string | undefined, visit: Visit<Value>): boolean {
  if (node.children === undefined) {
    for (let at = lowerBound(node.keys, from); at < node.keys.length; at++) {
      const key = node.keys[at]!
      if ((to !== undefined && key >= to) || !visit(key, node.values[at]!)) return false
    }
    return true
  }
  for (let at = childOf(node.keys, from); at < node.children.length; at++) {
    if (!visitForward(node.children[at]!, from, to, visit)) return false
  }
  return true
}

function visitReverse<Value>(node: Node<Value>, from: string, to: string | undefined, visit: Visit<Value>): boolean {
  const last = to === undefined ? node.keys.length : lowerBound(node.keys, to)
  if (node.children === undefined) {
    for (let at = last - 1; at >= 0; at--) {
      const key = node.keys[at]!
      if (key < from || !visit(key, node.values[at]!)) return false
    }
    return true
  }
  for (let at = last; at >= 0; at--) {
    if (!visitReverse(node.children[at]!, from, to, visit)) return false
  }
  return true
}
