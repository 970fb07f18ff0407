import { json, long, string } from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { STATUS } from './http-failure.ts'
import { type Parameter, type Route, ROUTES } from './routes.ts'
import { world } from './two-instances.fixture.ts'

const texts = { key: string(), value: string() }
const KEY_TEXTS = ['a', '1', '"a"', '{"$bigint":"1"}', 'AAAAAAAAAAE=', '', '0.YQ', '1.AAAAAAAAAAE']

/** Mostly values that the description allows, and sometimes any text. */
function valueOf(name: string, { schema }: Parameter): fc.Arbitrary<string> {
  const allowed =
    name === 'store'
      ? fc.constantFrom('texts', 'numbers', 'windows', 'sessions', 'history')
      : schema.enum !== undefined
        ? fc.constantFrom(...schema.enum)
        : schema.type === 'boolean'
          ? fc.constantFrom('true', 'false')
          : schema.type === 'integer'
            ? fc.oneof(fc.integer({ min: 0, max: 20 }), fc.maxSafeNat()).map(String)
            : fc.constantFrom(...KEY_TEXTS)
  return fc.oneof(
    { weight: 9, arbitrary: allowed },
    { weight: 1, arbitrary: fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 })) },
  )
}

const request = fc.constantFrom(...Object.values<Route>(ROUTES)).chain(route => {
  const parameters = Object.entries(route.parameters)
  const inPath = parameters.filter(([, parameter]) => parameter.in === 'path')
  const inQuery = parameters.filter(([, parameter]) => parameter.in === 'query')
  const values = (of: typeof parameters) =>
    fc.record(Object.fromEntries(of.map(([name, parameter]) => [name, valueOf(name, parameter)])))
  const chosen = fc.subarray(inQuery).chain(values)
  return fc.tuple(values(inPath), chosen).map(([path, query]) => ({
    route,
    url:
      route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name]!)) +
      `?${new URLSearchParams(query).toString()}`,
  }))
})

it('whatever is asked for, the answer is one that the description names', async () => {
  await using app = await world('texts', 'numbers', 'events', 'versions')
  await app.send('texts', texts, [
    ['a', 'x'],
    ['1', 'y'],
  ])
  await app.send('numbers', { key: long(), value: json() }, [[1n, { $bigint: 'no number' }]])
  await app.send('events', texts, [['a', 'x', 10]])
  await app.send('versions', texts, [['a', 'x', 10]])
  const failures: unknown[] = []
  const { server } = await app.start('a', { logger: { error: (...what: unknown[]) => void failures.push(what) } })
  const property = fc.asyncProperty(request, async ({ route, url }) => {
    const response = await fetch(`${server.url}${url}`)
    // A live query does not end by itself.
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      await response.body?.cancel()
      return
    }
    const text = await response.text()
    expect(failures, url).toEqual([])
    if (response.status === 200) return
    const { error } = JSON.parse(text) as { readonly error: { readonly code: keyof typeof STATUS } }
    expect(STATUS[error.code], url).toBe(response.status)
    // A `.` or `..` in a path is another path.
    expect(['MILLRACE_SERVER_ROUTE_UNKNOWN', ...route.errors], url).toContain(error.code)
  })
  await fc.assert(property, { numRuns: 500 })
})
