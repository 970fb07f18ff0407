import { afterAll, expect, it, type TestContext, vi } from 'vitest'
import type { Page } from 'playwright-core'
import { type Browser, chromiumPath, startChromium } from './chromium.fixture.ts'
import { startLargeApplication } from './large.fixture.ts'
import { ENDLESS, EVIL, startShop } from './shop.fixture.ts'

const missing = 'no Chromium: install the package chromium, or set CHROMIUM_PATH'
if (chromiumPath === undefined && process.env['CI']) throw new Error(missing)

/** Runs in the page: how many changes of the rows three answers make. */
const COUNT_CHANGES = `(async () => {
  let count = 0
  const observer = new MutationObserver(list => (count += list.length))
  const all = { childList: true, subtree: true, characterData: true, attributes: true }
  observer.observe(document.querySelector('table.rows tbody'), all)
  const asked = () => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/status')).length
  for (const before = asked(); asked() < before + 3; ) await new Promise(resolve => setTimeout(resolve, 100))
  return count
})()`

let browser: ReturnType<typeof startChromium> | undefined
afterAll(async () => await (await browser)?.[Symbol.asyncDispose]())

/** The browser of all tests. Where there is none, the test is skipped. */
async function browserIn(context: TestContext): Promise<Browser> {
  if (chromiumPath === undefined) context.skip(missing)
  return await (browser ??= startChromium())
}

/** Text that the page comes to show. */
async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ timeout: 30_000 })
}

it('shows a dead letter and its cause in two clicks, and sends it back after a confirmation', async context => {
  const chromium = await browserIn(context)
  await using shop = await startShop()
  const page = await chromium.open(shop.url)
  await page.getByText('1 dead letter in dead.').click({ timeout: 30_000 })
  await shows(page, 'RangeError')
  await shows(page, 'an amount of -1')
  await page.getByText('record, bytes and stack trace').click()
  await page.getByText('bytes', { exact: true }).last().click()
  await shows(page, /7b 22 69 74 65 6d/)
  expect(await page.getByRole('button', { name: 'Send back…' }).isDisabled()).toBe(true)
  await page.getByRole('checkbox', { name: 'Choose letter' }).check()
  await page.getByRole('button', { name: 'Send back…' }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  expect(await page.getByText('sent back.').count()).toBe(0)
  await page.getByRole('button', { name: 'Send back…' }).click()
  await page.getByRole('button', { name: 'Send back', exact: true }).click()
  await shows(page, '1 record sent back.')
  // It fails again, and its letter says so.
  await vi.waitFor(
    async () => {
      await page.getByRole('button', { name: 'Load again' }).click()
      expect(await page.getByText('sent back before').count()).toBe(1)
    },
    { timeout: 30_000 },
  )
})

it('shows a stuck partition, who has it and the record at which it is, in two clicks', async context => {
  const chromium = await browserIn(context)
  await using shop = await startShop()
  const page = await chromium.open(shop.url)
  await page.locator('.node[data-id="topic orders"] .node-text').getByText('lag 0').waitFor({ timeout: 30_000 })
  await shop.write(['e', { item: ENDLESS, amount: 1 }, 600_000])
  await page.getByText(/^orders-\d is stuck: 1 record behind/).click({ timeout: 60_000 })
  await shows(
    page,
    /^Task \d_\d on .+ is at offset \d+, 1 record before the end \(\d+\); nothing has moved for \d+ s\.$/,
  )
  const next = page.locator('details.record > summary').filter({ hasText: 'next to be processed' })
  await next.click()
  expect(await next.count()).toBe(1)
  await shows(page, new RegExp(`"item": "${ENDLESS}"`))
})

it('records that would like to be HTML are text, wherever they are shown', async context => {
  const chromium = await browserIn(context)
  await using shop = await startShop()
  const page = await chromium.open(shop.url)
  const failures: string[] = []
  page.on('pageerror', error => failures.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error') failures.push(message.text())
  })
  const asJson = JSON.stringify(EVIL)
  await page.goto(`${shop.url}#/topics/orders`)
  await shows(page, asJson)
  for (const summary of await page.locator('details.record > summary').all()) await summary.click()
  await page.goto(`${shop.url}#/stores/latest-orders`)
  await page.getByLabel('Key', { exact: true }).fill(EVIL)
  await page.getByRole('button', { name: 'Look up' }).click()
  await shows(page, /"amount": 1/)
  await page.getByRole('button', { name: 'Show a range' }).click()
  await shows(page, asJson)
  await page.goto(`${shop.url}#/stores/sales-per-minute`)
  await page.getByRole('button', { name: 'Show windows' }).click()
  await shows(page, asJson)
  expect(await page.locator('main img').count()).toBe(0)
  expect(await page.evaluate(() => 'wasRun' in globalThis)).toBe(false)
  expect(failures).toEqual([])
})

it('shows the topology live, and is used with the keyboard alone', async context => {
  const chromium = await browserIn(context)
  await using shop = await startShop()
  const page = await chromium.open(shop.url, { dark: true })
  await shows(page, 'running')
  const node = page.locator('.node[data-id="topic orders"]')
  await node.focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await page
    .locator('.details')
    .getByText(/map values|to table/)
    .first()
    .waitFor({ timeout: 30_000 })
  await page.getByLabel('as a list').check()
  expect(await page.locator('.overview .scroll tbody tr').count()).toBe(await page.locator('.node').count())
  await page.goto(`${shop.url}#/left-out`)
  await shows(page, /late.*1 record since the start/)
  await page.goto(`${shop.url}#/configuration`)
  await shows(page, 'commitIntervalMs')
  await page.goto(`${shop.url}#/events`)
  await shows(page, 'REBALANCING → RUNNING')
  await page.keyboard.press('Tab')
  for (const name of ['Overview', 'Tasks', 'Stores', 'Topics', 'Dead letters', 'Events'])
    expect(await page.getByRole('link', { name, exact: true }).count(), name).toBe(1)
  expect(await page.getByRole('navigation', { name: 'Console' }).count()).toBe(1)
})

it.for([
  { metricsRecordingLevel: 'INFO', written: /^≈ [1-9][\d.]*\/s$/ },
  { metricsRecordingLevel: 'DEBUG', written: /^[1-9][\d.]*\/s$/ },
] as const)(
  'rates move at the edges between operators, and stream time at the nodes: $metricsRecordingLevel',
  async ({ metricsRecordingLevel, written }, context) => {
    const chromium = await browserIn(context)
    await using shop = await startShop({ metricsRecordingLevel })
    const page = await chromium.open(shop.url)
    const textAt = async (edge: string) => await page.locator(`.edge-text${edge}`).first().textContent()
    await vi.waitFor(
      async () => {
        await shop.write(['d', { item: 'jam', amount: 1 }, 3_660_000])
        expect(await textAt('[data-from="topic orders"][data-to*="MAPVALUES"]')).toMatch(/^[1-9][\d.]*\/s$/)
        expect(await textAt('[data-from*="MAPVALUES"]')).toMatch(written)
      },
      { timeout: 30_000 },
    )
    const textOn = async (node: string) => await page.locator(`.node[data-id*="${node}"] .node-text`).textContent()
    expect(await textOn('MAPVALUES')).toBe('1 left out')
    expect(await textOn('TOSTREAM')).toBe('01:01:00')
  },
)

it('200 nodes and 1000 tasks: rows stay, and a status without changes changes nothing', async context => {
  const chromium = await browserIn(context)
  await using application = await startLargeApplication()
  const page = await chromium.open(application.url)
  await page.locator('.node').first().waitFor({ timeout: 30_000 })
  expect(await page.locator('.node').count()).toBeGreaterThanOrEqual(200)
  await shows(page, 'group missing')
  await page.goto(`${application.url.split('#')[0]}#/tasks`)
  await shows(page, '1000 tasks of 1000')
  expect(await page.locator('tr[data-task]').count()).toBe(1000)
  // Rates begin with the second status.
  await page.locator('tr[data-task]').first().getByText('0/s').waitFor({ timeout: 30_000 })
  const changes = await page.evaluate<number>(COUNT_CHANGES)
  expect(changes).toBe(0)
  await page.getByLabel('Filter tasks').fill('3_77')
  await shows(page, '1 task of 1000')
})

it('asks for the token, and tells when it is a wrong one', async context => {
  const chromium = await browserIn(context)
  await using application = await startLargeApplication()
  const [page, token] = [await chromium.open(application.url.split('#')[0]!), application.url.split('=')[1]!]
  await shows(page, 'The server asks for its token.')
  const refused = Promise.withResolvers<void>()
  await page.route('**/console/api/topology', async route => {
    await refused.promise
    await route.continue()
  })
  await page.getByLabel('Token').fill('wrong')
  await page.getByRole('button', { name: 'Open' }).click()
  // A late refusal would replace the form, and with it what was typed meanwhile.
  expect(await page.getByLabel('Token').isDisabled()).toBe(true)
  refused.resolve()
  await shows(page, 'The server refused the token.')
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Open' }).click()
  await shows(page, 'from Kafka alone')
  expect(await page.getByLabel('Token').count()).toBe(0)
})

it('shows the records of the partition that was chosen last, whatever is answered first', async context => {
  const chromium = await browserIn(context)
  await using application = await startLargeApplication()
  const page = await chromium.open(application.url)
  await page.locator('.node').first().waitFor({ timeout: 30_000 })
  const late = Promise.withResolvers<void>()
  const isLate = (url: URL) => url.pathname.endsWith('/topics/events-3/records') && !url.searchParams.has('partition')
  await page.route(isLate, async route => {
    await late.promise
    await route.continue()
  })
  await page.goto(`${application.url.split('#')[0]}#/topics/events-3`)
  const empty = application.partition === 0 ? 1 : 0
  await page.getByLabel('Partition').selectOption(String(empty))
  await shows(page, 'There are no records.')
  const answered = page.waitForResponse(response => isLate(new URL(response.url())))
  late.resolve()
  await (await answered).finished()
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 100)))
  expect(await page.getByText('There are no records.').count()).toBe(1)
  expect(await page.locator('details.record').count()).toBe(0)
})
