import type { ProcessingGuarantee } from '../config/options.ts'

/** For log lines: what becomes of records whose commit did not come about. */
export function fateOfUncommitted(guarantee: ProcessingGuarantee): string {
  return guarantee === 'at_most_once'
    ? 'records in process may be lost, since at_most_once commits them first'
    : 'uncommitted records are processed again'
}
