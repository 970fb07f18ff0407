import type { GraphEdge, GraphNode, TopologyAnswer } from '../answers.ts'
import { setClass, setText, svg } from './dom.ts'
import { layoutOf, NODE_HEIGHT, NODE_WIDTH } from './layout.ts'
import { shortName, spaced } from './words.ts'

/** What is drawn beside a node and an edge, and whether a node needs attention. */
export interface GraphTexts {
  /** `more` is said on a closer look. */
  node(node: GraphNode): { readonly text: string; readonly more: string; readonly alert: boolean }
  edge(edge: GraphEdge): { readonly text: string; readonly active: boolean }
}

export interface Graph {
  readonly element: SVGSVGElement
  update(texts: GraphTexts): void
  select(id: string | undefined): void
  zoom(by: number): void
  /** Shows all of it. */
  fit(): void
  /** Is called when the frame is on the page. */
  start(): void
}

const MARGIN = 28
const [LEAST_SCALE, MOST_SCALE, READABLE_SCALE] = [0.1, 3, 0.85]

/** Draws a topology. It is moved by dragging and scrolling, and its nodes are reached with Tab and the arrow keys. */
export function graphOf(
  { applicationId, nodes, edges }: TopologyAnswer,
  frame: HTMLElement,
  onSelect: (id: string) => void,
): Graph {
  const layout = layoutOf(
    nodes.map(({ id }) => id),
    edges,
  )
  const placeOf = (id: string) => layout.places.get(id)!
  const drawnEdges = edges.map(edge => {
    const path = svg('path', {
      class: 'edge',
      d: curve(placeOf(edge.from), placeOf(edge.to)),
      'marker-end': 'url(#arrow)',
    })
    const [a, b] = [placeOf(edge.from), placeOf(edge.to)]
    const label = svg('text', {
      class: 'edge-text',
      'data-from': edge.from,
      'data-to': edge.to,
      x: (a.x + NODE_WIDTH + b.x) / 2,
      y: (a.y + b.y) / 2 + NODE_HEIGHT / 2 - 6,
      'text-anchor': 'middle',
    })
    return { edge, path, label }
  })
  const drawnNodes = nodes.map(node => {
    const { x, y } = placeOf(node.id)
    const text = svg('text', { class: 'node-text', x: NODE_WIDTH - 10, y: 32, 'text-anchor': 'end' })
    const title = svg('title')
    const group = svg(
      'g',
      {
        class: `node ${node.kind} ${node.kind === 'topic' ? node.what.replaceAll(' ', '-') : ''}`,
        transform: `translate(${x} ${y})`,
        tabindex: -1,
        role: 'button',
        'data-id': node.id,
        click: () => onSelect(node.id),
        keydown: (event: KeyboardEvent) => {
          if (event.key !== 'Enter' && event.key !== ' ') return
          event.preventDefault()
          onSelect(node.id)
        },
      },
      title,
      svg('rect', { width: NODE_WIDTH, height: NODE_HEIGHT, rx: node.kind === 'topic' ? NODE_HEIGHT / 2 : 7 }),
      svg(
        'text',
        { class: 'node-name', x: node.kind === 'topic' ? 16 : 10, y: 18 },
        cut(nameOf(node, applicationId), NODE_WIDTH - (node.kind === 'topic' ? 26 : 16)),
      ),
      svg('text', { class: 'node-what', x: node.kind === 'topic' ? 16 : 10, y: 32 }, cut(whatOf(node), 96)),
      text,
      node.stores.length > 0 &&
        svg(
          'text',
          { class: 'node-store', x: 10, y: NODE_HEIGHT + 12 },
          cut(`▤ ${node.stores.join(', ')}`, NODE_WIDTH + 20),
        ),
    )
    return { node, group, text, title }
  })
  drawnNodes[0]?.group.setAttribute('tabindex', '0')
  const root = svg(
    'svg',
    { class: 'graph', role: 'group', 'aria-label': 'Topology. Arrow keys go from node to node, Enter shows one.' },
    svg(
      'defs',
      {},
      svg(
        'marker',
        { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
        svg('path', { class: 'arrow', d: 'M0 0 L8 4 L0 8 z' }),
      ),
    ),
    ...drawnEdges.flatMap(({ path, label }) => [path, label]),
    ...drawnNodes.map(({ group }) => group),
  )
  frame.append(root)
  const view = viewOf(root, frame, layout)
  root.addEventListener('keydown', event =>
    moveFocus(event, edges, id => drawnNodes.find(({ node }) => node.id === id)?.group),
  )
  return {
    element: root,
    ...view,
    update(texts) {
      for (const { node, group, text, title } of drawnNodes) {
        const { text: content, more, alert } = texts.node(node)
        setText(text, content)
        setText(
          title,
          [node.label, spaced(node.what), content, more, ...node.stores].filter(part => part !== '').join(', '),
        )
        setClass(group, 'alert', alert)
      }
      for (const { edge, path, label } of drawnEdges) {
        const { text, active } = texts.edge(edge)
        setText(label, text)
        setClass(path, 'active', active)
      }
    },
    select(id) {
      for (const { node, group } of drawnNodes) {
        setClass(group, 'selected', node.id === id)
        group.setAttribute('aria-pressed', String(node.id === id))
      }
    },
  }
}

/** Names of internal topics begin with that of the application, which the page has already said. */
function nameOf({ kind, label, what }: GraphNode, applicationId: string): string {
  if (kind === 'operator') return shortName(label)
  return what === 'repartition' ? label.replace(`${applicationId}-`, '') : label
}

function whatOf({ kind, what }: GraphNode): string {
  return kind === 'topic' ? what : spaced(what)
}

/** By estimate: how wide letters are in a small bold face. */
function cut(text: string, pixels: number): string {
  let width = 0
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    width += /[A-Z_@%MW]/.test(letter) ? 9 : /[ijltfr.,|-]/.test(letter) ? 4.8 : 8.1
    if (width > pixels) return `${text.slice(0, Math.max(1, at - 1))}…`
  }
  return text
}

interface Point {
  readonly x: number
  readonly y: number
}

function curve(from: Point, to: Point): string {
  const [x1, y1] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2]
  const [x2, y2] = [to.x, to.y + NODE_HEIGHT / 2]
  const bend = Math.max(28, Math.abs(x2 - x1) / 2)
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}

/** The frame scrolls, so that a focused node comes into sight by itself and scroll bars tell how much there is. */
function viewOf(root: SVGSVGElement, frame: HTMLElement, size: { readonly width: number; readonly height: number }) {
  const [width, height] = [size.width + 2 * MARGIN, size.height + 2 * MARGIN]
  root.setAttribute('viewBox', `${-MARGIN} ${-MARGIN} ${width} ${height}`)
  let scale = 1
  const scaleTo = (next: number) => {
    const before = scale
    scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, next))
    const [x, y] = [frame.scrollLeft + frame.clientWidth / 2, frame.scrollTop + frame.clientHeight / 2]
    root.setAttribute('width', String(Math.round(width * scale)))
    root.setAttribute('height', String(Math.round(height * scale)))
    frame.scrollTo((x * scale) / before - frame.clientWidth / 2, (y * scale) / before - frame.clientHeight / 2)
  }
  const fitting = () => Math.min((frame.clientWidth - 2) / width, (frame.clientHeight - 2) / height)
  root.addEventListener('pointermove', event => {
    if ((event.buttons & 1) === 1) frame.scrollBy(-event.movementX, -event.movementY)
  })
  scaleTo(1)
  return {
    zoom: (by: number) => scaleTo(scale * by),
    fit: () => scaleTo(fitting()),
    /** As large as it can be read, with its beginning in sight. */
    start() {
      scaleTo(Math.min(1, Math.max(READABLE_SCALE, (frame.clientWidth - 2) / width)))
      frame.scrollTo(0, (frame.scrollHeight - frame.clientHeight) / 2)
    },
  }
}

/** Right and left follow the edges; up and down go to the others that the same node leads to. */
function moveFocus(
  event: KeyboardEvent,
  edges: readonly GraphEdge[],
  groupOf: (id: string) => SVGGElement | undefined,
): void {
  const id = (event.target as Element | null)?.getAttribute('data-id')
  if (id === null || id === undefined) return
  const to = edges.filter(edge => edge.from === id).map(edge => edge.to)
  const from = edges.filter(edge => edge.to === id).map(edge => edge.from)
  const beside = edges.filter(edge => from.includes(edge.from)).map(edge => edge.to)
  const next = {
    ArrowRight: to[0],
    ArrowLeft: from[0],
    ArrowDown: beside[beside.indexOf(id) + 1],
    ArrowUp: beside[beside.indexOf(id) - 1],
  }[event.key]
  const group = next === undefined ? undefined : groupOf(next)
  if (group === undefined) return
  event.preventDefault()
  ;(event.target as SVGGElement).setAttribute('tabindex', '-1')
  group.setAttribute('tabindex', '0')
  group.focus()
}
