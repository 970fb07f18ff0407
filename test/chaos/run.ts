/**
 * `npm run chaos`: applications on a real Kafka while processes, brokers, disks, clocks and the network are in trouble.
 *
 *   npm run chaos -- --minutes 5 --brokers 3      the word count, with troubles drawn by the seed (`word-count-run.ts`)
 *   npm run chaos -- --matrix                     four applications, each trouble, each protocol, client and guarantee (`matrix/run.ts`)
 *   npm run chaos -- --matrix --only disk-full,streams,exactly_once
 *
 * Exits with 1 when a result is wrong, and prints the seed.
 */
import { parseArgs } from 'node:util'
import { selectCells } from './matrix/cells.ts'
import { runMatrix } from './matrix/run.ts'

if (process.argv.includes('--matrix')) process.exit(await matrix())
else await import('./word-count-run.ts')

async function matrix(): Promise<number> {
  const { values } = parseArgs({
    options: {
      matrix: { type: 'boolean' },
      only: { type: 'string' },
      seed: { type: 'string' },
      rounds: { type: 'string', default: '1' },
      verbose: { type: 'boolean', default: false },
    },
  })
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed)
  const rounds = Number(values.rounds)
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(rounds) || rounds < 1) {
    console.error('--seed and --rounds take whole numbers, --rounds from 1')
    return 2
  }
  try {
    const selection = selectCells(values.only)
    console.log(`chaos matrix: --seed ${seed}`)
    if (await runMatrix({ selection, seed, rounds, verbose: values.verbose })) return 0
  } catch (error) {
    console.error(error instanceof Error && error.message.startsWith('--only') ? error.message : error)
    return error instanceof Error && error.message.startsWith('--only') ? 2 : 1
  }
  const only = values.only === undefined ? '' : ` --only ${values.only}`
  console.log(`to repeat: npm run chaos -- --matrix${only} --seed ${seed}`)
  return 1
}
