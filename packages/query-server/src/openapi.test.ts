import { ERROR_TABLE } from '@millrace/core'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { STATUS } from './http-failure.ts'
import { openApi } from './openapi.ts'
import { type Route, ROUTES } from './routes.ts'

it('openapi.json is what the table of routes gives (npm run docs:openapi)', () => {
  const file = readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(openApi())))
})

it('each parameter of a path is described, and each error has a status', () => {
  for (const route of Object.values<Route>(ROUTES)) {
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
    const described = Object.entries(route.parameters).filter(([, parameter]) => parameter.in === 'path')
    expect(described.map(([name]) => name)).toEqual(inPath)
    for (const code of route.errors) {
      expect(ERROR_TABLE).toHaveProperty(code)
      expect(STATUS).toHaveProperty(code)
    }
  }
})
