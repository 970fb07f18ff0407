/**
 * What this process and its supervisor say to each other: one JSON object a line, commands on the supervisor's stdin,
 * events on its stdout. The end of stdin is the command to kill everything: it comes however this process ends.
 */
export type SupervisorCommand =
  /** Output is appended to `logFile`. */
  | {
      readonly do: 'spawn'
      readonly name: string
      readonly command: string
      readonly args: readonly string[]
      readonly logFile: string
    }
  /** Of a process that has ended: ignored. */
  | { readonly do: 'signal'; readonly name: string; readonly signal: SupervisorSignal }

/** The first two end the process. */
export type SupervisorSignal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'

export type SupervisorEvent =
  | { readonly event: 'spawned'; readonly name: string; readonly pid: number }
  /** Also when the command could not be started, then with `error`. */
  | { readonly event: 'ended'; readonly name: string; readonly status: string; readonly error?: string }
