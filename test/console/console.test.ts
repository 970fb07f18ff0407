import { afterAll, expect, it, type TestContext, vi } from 'vitest'
import type { Page } from 'playwright-core'
import { type Browser, chromiumPath, startChromium } from './chromium.fixture.ts'
import { startLargeApplication } from './large.fixture.ts'
import { EVIL, startShop } from './shop.fixture.ts'

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
  await page.getByLabel('Token').fill('wrong')
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Open' }).click()
  await shows(page, 'from Kafka alone')
  expect(await page.getByLabel('Token').count()).toBe(0)
})
