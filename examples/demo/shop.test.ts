import { expect, it } from 'vitest'
import { openShop } from './shop.ts'

it('is the same shop for the same seed, however its sales are cut', () => {
  const whole = openShop({ seed: 5, rate: 1000 })
  const cut = openShop({ seed: 5, rate: 1000 })
  expect(whole.customers()).toEqual(cut.customers())
  const all = whole.sell(100)
  const [first, second] = [cut.sell(30), cut.sell(70)]
  expect([...first.orders, ...second.orders]).toEqual(all.orders)
  expect([...first.payments, ...second.payments]).toEqual(all.payments)
  expect(openShop({ seed: 6, rate: 1000 }).customers()).not.toEqual(openShop({ seed: 5, rate: 1000 }).customers())
})

it('sells to its customers, and is paid for what was ordered', () => {
  const shop = openShop({ seed: 1, rate: 1000 })
  const customers = new Set(shop.customers().map(({ key }) => key))
  const { orders, payments } = shop.sell(2000)
  const amounts = new Map(orders.map(({ key, value }) => [key, value?.amount]))
  expect(orders.every(({ value }) => customers.has(value!.customerId))).toBe(true)
  expect(payments.every(({ value }) => amounts.get(value!.orderId) === value!.amount)).toBe(true)
  expect(payments.length).toBeGreaterThan(1700)
})
