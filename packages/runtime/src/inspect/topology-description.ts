/** What `Topology#describe()` of Kafka Streams prints, and `describeTopology()` of Millrace, as data. */
export interface TopologyDescription {
  readonly subTopologies: readonly DescribedSubTopology[]
}

export interface DescribedSubTopology {
  readonly id: number
  /** Of a global store: there are no tasks. */
  readonly global: boolean
  readonly nodes: readonly DescribedNode[]
}

export interface DescribedNode {
  readonly kind: 'source' | 'processor' | 'sink'
  readonly name: string
  /** Of sources and sinks, sorted. Empty where functions choose. */
  readonly topics: readonly string[]
  /** Of processors, sorted. */
  readonly stores: readonly string[]
  /** Sorted. */
  readonly children: readonly string[]
}

/** Internal topics, in the words of a description: without the application's id. */
const INTERNAL = /-repartition$|-subscription-(registration|response)-topic$|^KTABLE-FK-JOIN-SUBSCRIPTION-.*-topic$/

export function isInternalTopic(topic: string): boolean {
  return INTERNAL.test(topic)
}

/** Reads a description, with or without log lines around it. Undefined where there is none. */
export function readDescription(text: string): TopologyDescription | undefined {
  const subTopologies: { id: number; global: boolean; nodes: DescribedNode[] }[] = []
  let node: { children: string[] } | undefined
  for (const line of text.split(/\r?\n/)) {
    const [, id, rest = ''] = /^\s*Sub-topology: (\d+)(.*)$/.exec(line) ?? []
    if (id !== undefined) {
      subTopologies.push({ id: Number(id), global: rest.includes('global store'), nodes: [] })
      node = undefined
      continue
    }
    const [, kind, name, what = ''] = /^\s*(Source|Processor|Sink): (\S+) \((.*)\)\s*$/.exec(line) ?? []
    const [, arrow, names = ''] = /^\s*(-->|<--) (.*)$/.exec(line) ?? []
    if (name !== undefined && subTopologies.length > 0) {
      const children: string[] = []
      node = { children }
      const [topics, stores] = [kind === 'Processor' ? [] : topicsOf(what), kind === 'Processor' ? listOf(what) : []]
      const lower = kind!.toLowerCase() as DescribedNode['kind']
      subTopologies.at(-1)!.nodes.push({ kind: lower, name, topics, stores, children })
    } else if (arrow === '-->' && node !== undefined) {
      node.children.push(...listOf(names).filter(child => child !== 'none'))
    }
  }
  return subTopologies.some(({ nodes }) => nodes.length > 0) ? { subTopologies } : undefined
}

/** Of `topics: [a, b]`, `topics: pattern`, `topic: a` or `extractor class: …`. */
function topicsOf(what: string): readonly string[] {
  return /^topics?: /.test(what) ? listOf(what) : []
}

function listOf(what: string): readonly string[] {
  return what
    .replace(/^(topics?|stores): /, '')
    .replaceAll(/^\[|\]$/g, '')
    .split(', ')
    .filter(name => name !== '')
    .toSorted()
}
