import { endOfWindow, type Plan, type StorePlan, type WindowsPort } from '@millrace/core'

/** Returns when a window of the store ends, from its start. */
export function windowEnds(plan: Plan, store: StorePlan): (start: number) => number {
  if (store.windowsName === undefined) return start => start + (store.windowSizeMs ?? 0)
  const windows = windowsOf(plan, store.name)
  return start => endOfWindow(windows, start)
}

function windowsOf(plan: Plan, store: string): WindowsPort {
  for (const node of plan.nodes) {
    if (node.kind !== 'processor' || !node.stores.includes(store) || !('windows' in node.operator)) continue
    const { windows } = node.operator
    if (windows.type === 'custom') return windows
  }
  throw new Error(`no operator of the plan says how the windows of store "${store}" end`)
}
