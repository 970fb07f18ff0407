import { expect, it } from 'vitest'
import { runtimeWithoutLibuv } from './open-database.ts'

it.each([
  [{ ...process.versions }, undefined],
  [{ node: '24.3.0', bun: '1.4.5' }, 'Bun 1.4.5'],
  [{ node: '24.3.0', deno: '2.9.6' }, 'Deno 2.9.6'],
])('the native module is not loaded where it would crash (%#)', (versions, runtime) => {
  expect(runtimeWithoutLibuv(versions)).toBe(runtime)
})
