/**
 * Loaded before the engine bench (`node --import`): the engine without what the metrics of the default level do for each record. No option
 * switches that off, so the functions are made to do nothing as they are loaded.
 */
import { registerHooks } from 'node:module'

/** By file, the functions that do nothing. */
const EMPTIED: Readonly<Record<string, readonly { readonly head: string; readonly body: string }[]>> = {
  '/packages/runtime/src/observe/sensor.ts': [{ head: '  add(value: number): void {', body: 'return' }],
  '/packages/runtime/src/task/record-meters.ts': [
    { head: '  read(cursor: RecordCursor, headers: Headers): void {', body: 'return' },
    { head: '  add(keyBytes: number, valueBytes: number, headers: Headers): void {', body: 'return' },
    { head: '  terminal(node: string, process: Process): Process {', body: 'return process' },
  ],
}

const left = new Set(Object.keys(EMPTIED))

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    const file = Object.keys(EMPTIED).find(name => url.endsWith(name))
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

process.on('exit', () => {
  if (left.size > 0) throw new Error(`not loaded: ${[...left].join(', ')}`)
})
