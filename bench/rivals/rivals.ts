/** Other libraries that run in the comparison. A rival is one entry here and the folder of its name, with one program in it. */

/** A path is one in the copy of the rival's folder in which it is installed; a command without a slash is looked up as usual. */
type Command = readonly [command: string, ...args: readonly string[]]

/** Which parts of a record must be those that Kafka Streams and Millrace write: `everything` is key, value, time and partition. */
export type Comparison = 'everything' | 'key-and-value'

export interface Rival {
  /** With its version, for the report. */
  readonly title: string
  /** Run in a copy of its folder, in this order. */
  readonly install: readonly Command[]
  /** Runs one application. `RunOptions` as JSON is added as the last argument. */
  readonly program: Command
  /** The ids of the workloads for which its program has a runner, and how its outputs are compared. */
  readonly workloads: Readonly<Record<string, Comparison>>
}

const PYTHON: readonly Command[] = [
  ['python3', '-m', 'venv', '.venv'],
  ['./.venv/bin/python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
]

const PYTHON_PROGRAM: Command = ['./.venv/bin/python', './main.py']

export const RIVALS = {
  quix: {
    title: 'Quix Streams 3.28.0',
    install: PYTHON,
    program: PYTHON_PROGRAM,
    workloads: {
      passthrough: 'everything',
      json: 'everything',
      'count-100k': 'everything',
      'window-tumbling': 'key-and-value',
    },
  },
  faust: {
    title: 'Faust 0.15.3',
    install: PYTHON,
    program: PYTHON_PROGRAM,
    // It stamps what it writes with the time of writing.
    workloads: { passthrough: 'key-and-value', json: 'key-and-value', 'count-100k': 'key-and-value' },
  },
  kafkats: {
    title: '@kafkats/flow 0.12.0',
    install: [['npm', 'install', '--prefix', '.', '--no-audit', '--no-fund', '--loglevel', 'error']],
    program: [process.execPath, './main.mjs'],
    // It stamps what it writes with the time of writing.
    workloads: { passthrough: 'key-and-value', json: 'key-and-value', 'count-100k': 'key-and-value' },
  },
} as const satisfies Readonly<Record<string, Rival>>

export type RivalName = keyof typeof RIVALS

export const RIVAL_NAMES = Object.keys(RIVALS) as readonly RivalName[]
