import { describeTopology, planToJson, toMermaid, topologyOutline } from '@millrace/core'
import type { CliCommand } from './cli-command.ts'
import { loadPlan } from './load-plan.ts'
import { flag, LOOKING, namedPositionals, parsedOptions } from './parsed-options.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace describe MODULE [options]

Prints the topology that a module exports, as Kafka Streams' Topology.describe() does. It needs no Kafka.

  --mermaid   a diagram for Markdown
  --outline   the structure alone, to compare two versions
  --json      all of the plan; functions and serdes by name

Examples:
  millrace describe app.ts
  millrace describe app.ts --mermaid > topology.mmd

The exit status is 0; 1 when the module fails; 2 for a wrong command line.
`

export const describeCommand: CliCommand = {
  summary: 'print the topology of a module',
  usage: USAGE,
  async run(args, { print }) {
    const options = { mermaid: flag, outline: flag, ...LOOKING } as const
    const { values, positionals } = parsedOptions(args, options)
    const [module] = namedPositionals(positionals, 'MODULE')
    if ([values.mermaid, values.outline, values.json].filter(Boolean).length > 1)
      throw new UsageError('--mermaid, --outline and --json exclude each other')
    const plan = await loadPlan(module!)
    if (values.json === true) print(JSON.stringify(planToJson(plan), null, 2))
    else if (values.mermaid === true) print(toMermaid(plan))
    else if (values.outline === true) print(JSON.stringify(topologyOutline(plan), null, 2))
    else print(describeTopology(plan))
    return 0
  },
}
