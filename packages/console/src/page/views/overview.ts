import type { GraphNode, StatusAnswer } from '../../answers.ts'
import { clear, h, setText, table } from '../dom.ts'
import { type Graph, type GraphTexts, graphOf } from '../graph.ts'
import { type Model, STUCK_MS } from '../model.ts'
import type { OpenView } from '../view.ts'
import { count, duration, hour, plural, rate, shortName, spaced, time } from '../words.ts'

export const overview: OpenView = (model, rest) => {
  const figures = figuresOf(model)
  const attention = h('div', { class: 'attention', role: 'status', 'aria-live': 'polite' })
  const details = h('aside', { class: 'details', 'aria-label': 'Details', hidden: true })
  let selected: string | undefined
  const frame = h('div', { class: 'graph-frame' })
  const graph: Graph = graphOf(model.topology, frame, id => select(id === selected ? undefined : id))
  const list = listOf(model, id => select(id))
  const asList = h('input', {
    type: 'checkbox',
    id: 'as-list',
    change: () => {
      list.hidden = !asList.checked
      frame.hidden = asList.checked
    },
  })
  const select = (id: string | undefined) => {
    selected = id
    graph.select(id)
    details.hidden = id === undefined
    history.replaceState(null, '', id === undefined ? '#/overview' : `#/overview/${encodeURIComponent(id)}`)
    if (id !== undefined) showDetails()
  }
  const showDetails = () => {
    const node = model.topology.nodes.find(({ id }) => id === selected)
    if (node !== undefined) clear(details, ...detailsOf(model, node, () => select(undefined), select))
  }
  const element = h(
    'div',
    { class: 'overview' },
    h('h1', {}, 'Overview'),
    figures.element,
    attention,
    h(
      'div',
      { class: 'graph-bar' },
      h('h2', {}, 'Topology'),
      h('span', { class: 'grow' }),
      h('label', { for: 'as-list' }, asList, ' as a list'),
      h('button', { type: 'button', 'aria-label': 'Zoom out', click: () => graph.zoom(1 / 1.3) }, '−'),
      h('button', { type: 'button', 'aria-label': 'Zoom in', click: () => graph.zoom(1.3) }, '+'),
      h('button', { type: 'button', click: () => graph.fit() }, 'Fit'),
    ),
    h('div', { class: 'graph-and-details' }, frame, list, details),
  )
  if (rest !== '') select(rest)
  return {
    element,
    shown: () => graph.start(),
    update() {
      const { status } = model
      if (status === undefined) return
      figures.update(status)
      clear(attention, ...attentionTo(model, status))
      graph.update(textsOf(model, status))
      if (selected !== undefined && !details.contains(document.activeElement)) showDetails()
    },
  }
}

function figuresOf(model: Model) {
  const names = ['State', 'Instances', 'Tasks', 'Processed', 'Lag', 'Stream time'] as const
  const values = new Map(names.map(name => [name, h('dd', {}, '–')]))
  const element = h('dl', { class: 'figures' }, ...names.map(name => h('div', {}, h('dt', {}, name), values.get(name))))
  return {
    element,
    update(status: StatusAnswer) {
      const { tasks, instances } = status
      const running = tasks.filter(({ owner }) => owner !== undefined).length
      const times = tasks.map(({ streamTime }) => streamTime)
      setText(values.get('State')!, (status.state ?? `group ${status.group}`).toLowerCase())
      setText(values.get('Instances')!, String(instances.length))
      setText(values.get('Tasks')!, running === tasks.length ? String(running) : `${running} of ${tasks.length}`)
      setText(values.get('Processed')!, rate(model.totalRate()))
      setText(values.get('Lag')!, count(tasks.reduce((sum, { lag }) => sum + lag, 0)))
      setText(values.get('Stream time')!, time(times.reduce((a, b) => Math.max(a, b), -1)))
    },
  }
}

/** What an operator should look at first, each with a way there. */
function attentionTo(model: Model, status: StatusAnswer): readonly HTMLElement[] {
  const { tasks, missingTopics, restores, deadLetters } = status
  const found: HTMLElement[] = []
  const add = (text: string, href: string) => found.push(h('a', { class: 'notice', href }, text))
  for (const topic of missingTopics)
    add(`The topic ${topic} does not exist.`, `#/overview/${encodeURIComponent(`topic ${topic}`)}`)
  const stuck = tasks.flatMap(({ inputs }) => inputs).filter(({ stuckMs }) => stuckMs >= STUCK_MS)
  stuck.sort((a, b) => b.lag - a.lag)
  for (const { topic, partition, lag, stuckMs } of stuck.slice(0, 3))
    add(
      `${topic}-${partition} is stuck: ${plural(lag, 'record')} behind, and nothing has moved for ${duration(stuckMs)}.`,
      `#/topics/${encodeURIComponent(topic)}/${partition}`,
    )
  if (stuck.length > 3) add(`${stuck.length - 3} more partitions are stuck.`, '#/tasks')
  const lost = tasks.filter(({ owner }) => owner === undefined)
  if (lost.length > 0) add(`${plural(lost.length, 'task')} with no owner: nobody processes them.`, '#/tasks')
  const restoring = restores.filter(({ kind, over }) => kind === 'restore' && !over)
  if (restoring.length > 0) add(`${plural(restoring.length, 'store')} being restored.`, '#/tasks')
  if (deadLetters > 0)
    add(`${plural(deadLetters, 'dead letter')} in ${model.topology.deadLetterTopic}.`, '#/dead-letters')
  return found
}

function textsOf(model: Model, { tasks, counters }: StatusAnswer): GraphTexts {
  const lagOf = new Map<string, number>()
  const stuck = new Set<string>()
  for (const { inputs } of tasks)
    for (const { topic, lag, stuckMs } of inputs) {
      lagOf.set(topic, (lagOf.get(topic) ?? 0) + lag)
      if (stuckMs >= STUCK_MS) stuck.add(topic)
    }
  const lost = new Map<string, number>()
  for (const { node, count: number } of counters?.byNode ?? []) lost.set(node, (lost.get(node) ?? 0) + number)
  const streamTimes = streamTimesOf(tasks)
  const rates = model.edgeRates()
  const operators = new Set(model.topology.nodes.filter(({ kind }) => kind === 'operator').map(({ id }) => id))
  return {
    node({ id, kind, label, subTopology }) {
      if (kind === 'operator') {
        const left = lost.get(id) ?? 0
        const streamTime = streamTimes.get(subTopology) ?? -1
        const text = left > 0 ? `${count(left)} left out` : streamTime < 0 ? '' : hour(streamTime)
        return { text, more: streamTime < 0 ? '' : `stream time ${time(streamTime)}`, alert: false }
      }
      const lag = lagOf.get(label)
      return { text: lag === undefined ? '' : `lag ${count(lag)}`, more: '', alert: stuck.has(label) }
    },
    edge(edge) {
      const found = rates.get(edge)
      const here = model.countsHere && operators.has(edge.from) && operators.has(edge.to) ? ' here' : ''
      const text = found === undefined ? '' : `${found.derived ? '≈ ' : ''}${rate(found.rate)}${here}`
      return { text, active: (found?.rate ?? 0) > 0 }
    },
  }
}

/** By sub-topology. */
function streamTimesOf(tasks: StatusAnswer['tasks']): ReadonlyMap<number | undefined, number> {
  const latest = new Map<number | undefined, number>()
  for (const { subTopology, streamTime } of tasks)
    latest.set(subTopology, Math.max(latest.get(subTopology) ?? -1, streamTime))
  return latest
}

function listOf(model: Model, onSelect: (id: string) => void): HTMLElement {
  const { nodes, edges } = model.topology
  const names = new Map(nodes.map(({ id, label }) => [id, label]))
  const list = h(
    'div',
    { class: 'scroll', hidden: true },
    table(
      'Nodes of the topology',
      ['node', 'what', 'sub-topology', 'stores', 'goes to'],
      nodes.map(({ id, label, what, subTopology, stores }) => [
        h('button', { type: 'button', class: 'link', click: () => onSelect(id) }, label),
        spaced(what),
        subTopology ?? '–',
        stores.join(', '),
        edges
          .filter(({ from }) => from === id)
          .map(({ to }) => names.get(to))
          .join(', '),
      ]),
    ),
  )
  return list
}

function detailsOf(
  model: Model,
  node: GraphNode,
  onClose: () => void,
  onSelect: (id: string) => void,
): readonly HTMLElement[] {
  const { id, kind, label, what, subTopology, stores } = node
  const { edges, nodes } = model.topology
  const near = (ids: readonly string[]) =>
    ids.map(other => {
      const found = nodes.find(each => each.id === other)!
      return h('button', { type: 'button', class: 'chip', click: () => onSelect(other) }, shortName(found.label))
    })
  const before = near(edges.filter(({ to }) => to === id).map(({ from }) => from))
  const after = near(edges.filter(({ from }) => from === id).map(({ to }) => to))
  const rows = kind === 'topic' ? inputsOf(model, label) : []
  const left = model.status?.counters?.byNode.filter(each => each.node === id) ?? []
  return [
    h(
      'div',
      { class: 'details-head' },
      h('h3', {}, kind === 'topic' ? label : shortName(label)),
      h('button', { type: 'button', 'aria-label': 'Close details', click: onClose }, '×'),
    ),
    h(
      'p',
      { class: 'quiet' },
      kind === 'topic' ? `${what} topic` : `${spaced(what)} · ${label}`,
      subTopology === undefined ? '' : ` · sub-topology ${subTopology}`,
    ),
    ...(kind === 'topic'
      ? [h('p', {}, h('a', { href: `#/topics/${encodeURIComponent(label)}` }, 'Latest records'))]
      : []),
    ...(stores.length === 0
      ? []
      : [
          h(
            'p',
            {},
            'Stores: ',
            ...stores.map(name => h('a', { class: 'chip', href: `#/stores/${encodeURIComponent(name)}` }, name)),
          ),
        ]),
    ...(before.length === 0 ? [] : [h('p', {}, 'From ', ...before)]),
    ...(after.length === 0 ? [] : [h('p', {}, 'To ', ...after)]),
    ...(left.length === 0
      ? []
      : [
          table(
            'Records left out here',
            ['left out because', 'records'],
            left.map(each => [each.reason, count(each.count)]),
          ),
        ]),
    ...(rows.length === 0 ? [] : [table(`Partitions of ${label}`, ['partition', 'task', 'lag', 'moving'], rows)]),
  ]
}

function inputsOf(model: Model, topic: string) {
  return (model.status?.tasks ?? []).flatMap(({ id, inputs }) =>
    inputs
      .filter(input => input.topic === topic)
      .map(({ partition, lag, stuckMs }) => [
        h('a', { href: `#/topics/${encodeURIComponent(topic)}/${partition}` }, String(partition)),
        id,
        count(lag),
        lag === 0 ? 'caught up' : stuckMs >= STUCK_MS ? `stuck for ${duration(stuckMs)}` : 'yes',
      ]),
  )
}
