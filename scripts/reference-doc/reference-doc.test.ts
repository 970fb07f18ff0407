import { expect, it } from 'vitest'
import { partsOf, renderPage } from './render-page.ts'
import { readApiOf, referencePages, scenarioNames } from './reference-pages.ts'

const pages = await referencePages()
const reference = pages.filter(({ path }) => !path.pathname.endsWith('README.md'))

it.each(pages.map(page => [page.path.pathname.split('/').at(-1)!, page] as const))(
  'docs/reference/%s shows the sources as they are',
  (_file, { current, rendered }) => {
    expect(current, 'Run `npm run docs:reference` and commit the pages.').toBe(rendered)
  },
)

it('every page has a signature and a picture', () => {
  const bare = reference.filter(
    ({ current }) => partsOf(current, 'api').length === 0 || partsOf(current, 'scenario').length === 0,
  )
  expect(bare.map(({ path }) => path.pathname)).toEqual([])
})

it('every scenario is on a page, once', () => {
  expect(pages.flatMap(({ current }) => partsOf(current, 'scenario')).toSorted()).toEqual(scenarioNames())
})

it('every method of the DSL is on a page', () => {
  const documented = new Set(
    pages.flatMap(({ current }) => partsOf(current, 'api').map(name => name.replace(/\(.*/, ''))),
  )
  const methods = [...readApiOf('packages/core/src/dsl/*.ts').values()].filter(({ kind }) => kind === 'method')
  expect(methods.map(({ name }) => name).filter(name => !documented.has(name))).toEqual([])
})

it('leaves alone what people have written', async () => {
  const page = 'Before\n<!-- api: f -->\nold\n<!-- /api -->\nbetween\n<!-- pages -->\n<!-- /pages -->\nafter\n'
  const f = { name: 'f', kind: 'function', signatures: [{ doc: 'Does.', text: 'export function f()' }] } as const
  const sources = {
    api: new Map([['f', { ...f, members: [], bases: [] }]]),
    scenarioText: () => '',
    timeline: async () => '',
    pages: [['a.md', 'A']] as const,
  }
  const rendered = await renderPage(page, sources)
  expect(rendered).toBe(
    'Before\n<!-- api: f -->\n\n```ts\n// Does.\nfunction f()\n```\n\n<!-- /api -->\nbetween\n' +
      '<!-- pages -->\n\n- [A](a.md)\n\n<!-- /pages -->\nafter\n',
  )
  expect(await renderPage(rendered, sources)).toBe(rendered)
})

it('leaves out a signature that is only the text of a type error', async () => {
  const signatures = [
    { doc: 'Does.', text: "f(this: TopologyError<'Give a number'>): void" },
    { doc: '', text: 'f(n: number): void' },
  ]
  const rendered = await renderPage('<!-- api: f -->\n<!-- /api -->\n', {
    api: new Map([['f', { name: 'f', kind: 'function', signatures, members: [], bases: [] }]]),
    scenarioText: () => '',
    timeline: async () => '',
    pages: [],
  })
  expect(rendered).toContain('```ts\n// Does.\nf(n: number): void\n```')
})
