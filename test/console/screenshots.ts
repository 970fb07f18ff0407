// Takes the screenshots of docs/console.md: npx node --conditions=millrace-source test/console/screenshots.ts
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChromium } from './chromium.fixture.ts'
import { startLargeApplication } from './large.fixture.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const main = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url))
await using browser = await startChromium()

const demo = spawn(process.execPath, ['--conditions=millrace-source', main, '--seconds', '40', '--rate', '400'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [line] = (await once(createInterface({ input: demo.stdout }), 'line')) as [string]
const page = await browser.open(line.replace(/^console /, ''), { width: 1280, height: 760 })
await sleep(9_000)
await page.screenshot({ path: `${docs}console-demo.png` })
demo.kill('SIGINT')

await using large = await startLargeApplication()
const other = await browser.open(large.url, { width: 1100, height: 640, dark: true })
await sleep(20_000)
await other.getByRole('button', { name: 'Fit' }).click()
await sleep(500)
await other.screenshot({ path: `${docs}console-200-nodes.png` })
