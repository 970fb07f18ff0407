import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { heartbeatWorkerFile } from './heartbeat-worker-file.ts'

it('is beside the module that asks', () => {
  expect(heartbeatWorkerFile(import.meta.url)?.href).toBe(new URL('./heartbeat-worker.ts', import.meta.url).href)
})

it.each([
  ['a bundle in CommonJS', undefined],
  ['a bundle in ESM', pathToFileURL('/app/bundle.mjs').href],
])('%s has none', (_what, url) => {
  expect(heartbeatWorkerFile(url)).toBeUndefined()
})
