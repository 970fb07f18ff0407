/**
 * The engine without what the metrics of the default level do for each record. No option switches that off, so modules whose URL
 * has the query `WITHOUT_METRICS`, and those that they import, are loaded with functions that do nothing.
 */
import { registerHooks } from 'node:module'

export const WITHOUT_METRICS = '?without-metrics'

/** By file, the functions that do nothing. */
const EMPTIED: Readonly<Record<string, readonly { readonly head: string; readonly body: string }[]>> = {
  '/packages/runtime/src/observe/sensor.ts': [{ head: '  add(value: number): void {', body: 'return' }],
  '/packages/runtime/src/task/record-meters.ts': [
    { head: '  read(cursor: RecordCursor, headers: Headers): void {', body: 'return' },
    { head: '  add(keyBytes: number, valueBytes: number, headers: Headers): void {', body: 'return' },
    { head: '  terminal(node: string, process: Process): Process {', body: 'return process' },
  ],
}

/** @param checkout the repository, as a URL without a slash at its end. @returns tells which of the files were not loaded yet */
export function serveWithoutMetrics(checkout: URL): () => readonly string[] {
  const left = new Set(Object.keys(EMPTIED))
  const isOurs = (url: string) => url.startsWith(`${checkout.href}/`) && !url.includes('/node_modules/')
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      const { parentURL = '' } = context
      if (!parentURL.endsWith(WITHOUT_METRICS) || !isOurs(resolved.url)) return resolved
      return { ...resolved, url: resolved.url + WITHOUT_METRICS }
    },
    load(url, context, next) {
      const loaded = next(url, context)
      const file = Object.keys(EMPTIED).find(name => url.endsWith(name + WITHOUT_METRICS))
      if (file === undefined) return loaded
      let source = Buffer.from(loaded.source as Uint8Array).toString()
      for (const { head, body } of EMPTIED[file]!) {
        if (source.split(head).length !== 2) throw new Error(`${file} has no function "${head.trim()}" any more`)
        source = source.replace(head, `${head}\n    ${body}`)
      }
      left.delete(file)
      return { ...loaded, source }
    },
  })
  return () => [...left]
}
