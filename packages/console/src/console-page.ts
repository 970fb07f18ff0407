import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ConsoleAnswer } from './console-failure.ts'

let page: ConsoleAnswer | undefined

/** The page with a policy that lets nothing run or load but what is in it, whatever a record holds. */
export function consolePage(): ConsoleAnswer {
  if (page !== undefined) return page
  const html = readFileSync(new URL('../page.html', import.meta.url), 'utf8')
  const script = /<script type="module">([^]*?)<\/script>/.exec(html)![1]!
  const style = /<style>([^]*?)<\/style>/.exec(html)![1]!
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const headers = { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' }
  page = { status: 200, body: html, contentType: 'text/html; charset=utf-8', headers }
  return page
}
