import { expect, it } from 'vitest'
import { workerFile } from './thread-host.ts'

it.each([
  ['a bundle of modules', 'file:///srv/app/dist/bundle.js'],
  ['a bundle in CommonJS, which has no URL of a module', undefined],
])('refuses threads in %s', (_, url) => {
  expect(() => workerFile(url)).toThrow(
    expect.objectContaining({
      code: 'MILLRACE_THREADS_UNAVAILABLE',
      message: expect.stringContaining('bundle') as string,
    }),
  )
})

it('finds the file of a thread beside the source', () => {
  expect(workerFile(new URL('thread-host.ts', import.meta.url).href).pathname).toMatch(/thread-worker\.ts$/)
})
