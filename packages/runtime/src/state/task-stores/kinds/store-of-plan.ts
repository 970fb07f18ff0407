import type { StorePlan } from '@millrace/core'
import { keyValueStore } from './key-value-store.ts'
import { lruStore } from './lru-store.ts'
import { sessionStore } from './session-store.ts'
import type { StoreParts, TaskStore } from './task-store.ts'
import { versionedStore } from './versioned-store.ts'
import { rangeWindowStore, windowStore } from './window-store.ts'

/** Makes a store of the kind that its plan asks for. */
export function storeOfPlan(parts: StoreParts): TaskStore {
  return kindOf(parts.codec.plan)(parts)
}

function kindOf(plan: StorePlan): (parts: StoreParts) => TaskStore {
  switch (plan.kind) {
    case 'key-value':
      return plan.maxEntries === undefined ? keyValueStore : lruStore
    case 'window':
      return plan.byRange === true || plan.retainDuplicates === true ? rangeWindowStore : windowStore
    case 'session':
      return sessionStore
    case 'versioned':
      return versionedStore
  }
}
