import { streamMessages } from '@millrace/query-client'
import { memoryClient, MemoryCluster, systemClock } from 'millrace'
import { expect, it } from 'vitest'
import { startPage } from './08-account-balances.ts'

async function deposit(url: string, account: string, amount: string) {
  const response = await fetch(`${url}/deposits?${new URLSearchParams({ account, amount }).toString()}`, {
    method: 'POST',
  })
  return response.ok ? ((await response.json()) as { readonly balance: number }).balance : response.status
}

it('a deposit is followed by a read of the new balance, and the page follows', { timeout: 60_000 }, async () => {
  await using page = await startPage(memoryClient(new MemoryCluster({ clock: systemClock })))
  expect(await (await fetch(page.url)).text()).toContain("new EventSource('/live')")
  const left = new AbortController()
  const live = await fetch(`${page.url}/live`, { signal: left.signal })
  const seen = new Map<string, number>()
  const reading = (async () => {
    for await (const { data } of streamMessages(live.body!)) {
      if (data === '') continue
      const { entries = [] } = JSON.parse(data) as {
        readonly entries?: { readonly key: string; readonly value: number }[]
      }
      for (const { key, value } of entries) seen.set(key, value)
      if (seen.get('ada') === 55 && seen.get('emmy') === 7) return
    }
  })()
  let balance = 0
  for (let amount = 1; amount <= 10; amount++) {
    balance += amount
    expect(await deposit(page.url, 'ada', String(amount))).toBe(balance)
  }
  expect(await deposit(page.url, 'emmy', '7')).toBe(7)
  await reading
  left.abort()
  expect(await deposit(page.url, '', '7')).toBe(400)
  expect(await deposit(page.url, 'ada', 'much')).toBe(400)
})
