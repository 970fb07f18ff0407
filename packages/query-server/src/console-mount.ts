import type { IncomingMessage } from 'node:http'
import type { Answer } from './http-failure.ts'

/** What answers everything below a path of its own: the console of `@millrace/console`. */
export interface ConsoleMount {
  readonly path: string
  /** Whether a path is answered without a token. */
  isOpen(pathname: string): boolean
  /** Answers a request whose token and host were checked. It reads the body of a request itself. */
  handle(request: IncomingMessage, signal: AbortSignal): Promise<Answer>
  /** Is called when the server has closed. */
  close(): Promise<void>
}

/** Whether the console answers for a path. */
export function isOfConsole(mount: ConsoleMount | undefined, pathname: string): mount is ConsoleMount {
  return mount !== undefined && (pathname === mount.path || pathname.startsWith(`${mount.path}/`))
}
