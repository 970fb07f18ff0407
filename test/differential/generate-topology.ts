import type { Choice } from './choice.ts'
import {
  COGROUPED_DRAWS,
  GROUPED_DRAWS,
  GROUPING_DRAWS,
  WINDOWED_COGROUPED_DRAWS,
  WINDOWED_DRAWS,
} from './generate/aggregations.ts'
import { add, createDraft, type Draft, type Draw, type Part } from './generate/draft.ts'
import { drawStreamJoin, JOIN_DRAWS } from './generate/joins.ts'
import { PROCESSOR_DRAWS } from './generate/processors.ts'
import { drawSinks } from './generate/sinks.ts'
import { drawSource } from './generate/sources.ts'
import { STREAM_DRAWS } from './generate/streams.ts'
import { GROUPED_TABLE_DRAWS, TABLE_DRAWS } from './generate/tables.ts'
import type { TopologySpec } from './spec.ts'

/** What may be drawn on what. */
const DRAWS: Readonly<Record<Part['kind'], readonly Draw[]>> = {
  stream: [...STREAM_DRAWS, ...JOIN_DRAWS, ...GROUPING_DRAWS, ...PROCESSOR_DRAWS],
  table: TABLE_DRAWS,
  groupedTable: GROUPED_TABLE_DRAWS,
  grouped: GROUPED_DRAWS,
  windowed: WINDOWED_DRAWS,
  cogrouped: COGROUPED_DRAWS,
  windowedCogrouped: WINDOWED_COGROUPED_DRAWS,
  global: [],
}

/**
 * Draws a topology that both sides accept: several sources, steps of all operators on whatever is there by then, and sinks
 * for most of what nobody else reads.
 */
export function generateTopology(choice: Choice): TopologySpec {
  const draft = createDraft(choice)
  const sources = 1 + choice.below(3)
  for (let source = 0; source < sources; source++) drawSource(draft)
  const steps = 2 + choice.below(12)
  for (let step = 0; step < steps; step++) drawStep(draft)
  drawSinks(draft)
  return draft.steps
}

/** Two streams, a join of them on one side that keeps what finds no partner, and a sink: so little that its records meet each other. */
export function generateJoin(choice: Choice): TopologySpec {
  const draft = createDraft(choice)
  for (const id of ['in1', 'in2']) {
    add(
      draft,
      { op: 'stream', topics: [`topic-${id}`], id },
      { kind: 'stream', key: 'string', value: 'string', known: true },
    )
  }
  drawStreamJoin(draft, draft.parts[0]!, { waits: true })
  drawSinks(draft)
  return draft.steps
}

function drawStep(draft: Draft): void {
  const part = somePart(draft)
  draft.read.add(part.id)
  const draws = DRAWS[part.kind].filter(draw => draw.fits?.(part) ?? true)
  const weighted = draws.flatMap(draw => Array.from({ length: draw.weight ?? 1 }, () => draw))
  draft.choice.of(weighted).draw(draft, part)
}

/** Of late ones rather than of early ones, so that topologies become deep and not only broad. */
function somePart({ choice, parts }: Draft): Part {
  const open = parts.filter(({ kind }) => DRAWS[kind].length > 0)
  return open[Math.max(choice.below(open.length), choice.below(open.length))] as Part
}
