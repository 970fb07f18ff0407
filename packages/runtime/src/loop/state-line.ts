import type { StreamsState } from './lifecycle.ts'

/** What the log says when an application changes its state, in words of somebody who watches it start. */
export function stateLine(
  next: StreamsState,
  before: StreamsState,
  { applicationId, tasks }: { readonly applicationId: string; readonly tasks: number },
): string {
  switch (next) {
    case 'REBALANCING':
      return before === 'CREATED'
        ? `${applicationId} is starting: it checks its topics and joins the group`
        : `${applicationId} is rebalancing: tasks move or their state is restored`
    case 'RUNNING':
      if (tasks === 0) return `${applicationId} is running, without tasks: other instances have them all`
      return `${applicationId} is running with ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`
    case 'PENDING_SHUTDOWN':
      return `${applicationId} is closing`
    case 'NOT_RUNNING':
      return `${applicationId} is closed`
    case 'PENDING_ERROR':
      return `${applicationId} is closing because of an error`
    case 'ERROR':
      return `${applicationId} has ended with an error`
    case 'CREATED':
      return `${applicationId} is created`
  }
}
