import { type RecordToWrite, seededRandom } from 'millrace'

export interface Customer {
  readonly name: string
  readonly country: string
}

/** Amounts are in cents. */
export interface Order {
  readonly customerId: string
  readonly item: string
  readonly amount: number
}

export interface Payment {
  readonly orderId: string
  readonly method: string
  readonly amount: number
}

export interface ShopRecords {
  readonly orders: readonly RecordToWrite<string, Order>[]
  readonly payments: readonly RecordToWrite<string, Payment>[]
}

/** How much faster the shop's time runs than ours: a window's minute takes two seconds. */
const SPEED = 30
const OPENING = Date.UTC(2026, 0, 5, 9)
const CUSTOMERS = 2000
/** Records come out of order, by far less than the windows' grace. */
const JITTER_MS = 8_000
/** And one in this many is later than any grace. */
const ONE_IN_LATE = 2000
const LATE_MS = 600_000

const NAMES = [
  'Ada',
  'Barbara',
  'Edith',
  'Emmy',
  'Frances',
  'Grace',
  'Hedy',
  'Jean',
  'Katherine',
  'Lise',
  'Maria',
  'Radia',
]
/** With how many customers of a hundred. */
const COUNTRIES: readonly (readonly [string, number])[] = [
  ['DE', 30],
  ['FR', 22],
  ['GB', 18],
  ['IT', 13],
  ['ES', 10],
  ['PL', 7],
]
const METHODS: readonly (readonly [string, number])[] = [
  ['card', 52],
  ['wallet', 28],
  ['transfer', 14],
  ['voucher', 6],
]
const ITEMS = ['tea', 'coffee', 'cake', 'bread', 'jam', 'honey', 'oil', 'salt', 'soap', 'book']

/** A shop whose day is the same for the same seed and rate. */
export function openShop({ seed, rate }: { readonly seed: number; readonly rate: number }) {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  let sold = 0

  function one(list: readonly (readonly [string, number])[]): string {
    let left = below(list.reduce((sum, [, weight]) => sum + weight, 0))
    return (list.find(([, weight]) => (left -= weight) < 0) ?? list[0]!)[0]
  }

  return {
    customers(): RecordToWrite<string, Customer>[] {
      return Array.from({ length: CUSTOMERS }, (_, index) => ({
        key: `c${index}`,
        value: { name: NAMES[below(NAMES.length)]!, country: one(COUNTRIES) },
        timestamp: OPENING - LATE_MS,
      }))
    },
    /** The next orders, most of which are paid a second or two later. */
    sell(count: number): ShopRecords {
      const sale: { orders: RecordToWrite<string, Order>[]; payments: RecordToWrite<string, Payment>[] } = {
        orders: [],
        payments: [],
      }
      for (; count > 0; count--) {
        const orderId = `o${sold}`
        const now = OPENING + Math.floor((sold++ * SPEED * 1000) / rate)
        const timestamp = now - (below(ONE_IN_LATE) === 0 ? LATE_MS : below(JITTER_MS))
        // A few customers buy much.
        const customerId = `c${Math.floor(random() ** 3 * CUSTOMERS)}`
        const amount = 100 + Math.floor(random() ** 4 * 20_000)
        sale.orders.push({ key: orderId, value: { customerId, item: ITEMS[below(ITEMS.length)]!, amount }, timestamp })
        if (below(100) >= 92) continue
        const value = { orderId, method: one(METHODS), amount }
        sale.payments.push({ key: `p${orderId}`, value, timestamp: timestamp + 1000 + below(1000) })
      }
      return sale
    },
  }
}
