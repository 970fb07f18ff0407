import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bundlePage } from './bundle-page.ts'

const page = () => readFileSync(new URL('../../packages/console/page.html', import.meta.url), 'utf8')

it('page.html is what its modules give (npm run console:page)', async () => {
  expect(page()).toBe(await bundlePage())
})

it('loads nothing from anywhere, and parses nothing as HTML', () => {
  expect(page()).not.toMatch(
    /(?:src|href)="https?:|@import|url\((?!#)|innerHTML|insertAdjacentHTML|outerHTML|document\.write/,
  )
})
