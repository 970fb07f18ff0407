import { existsSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where a Chromium is, or undefined: then the tests are skipped, and fail where `CI` is set. */
export const chromiumPath: string | undefined = process.env['CHROMIUM_PATH'] ?? PLACES.find(path => existsSync(path))

export interface Browser extends AsyncDisposable {
  open(
    url: string,
    options?: { readonly dark?: boolean; readonly width?: number; readonly height?: number },
  ): Promise<Page>
}

/** A headless Chromium with a profile of its own. It reaches nothing but this machine. */
export async function startChromium(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'millrace-chromium-'))
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath!,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  return {
    async open(url, { dark = false, width = 1360, height = 860 } = {}) {
      const page = await context.newPage()
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
      await page.goto(url)
      return page
    },
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
