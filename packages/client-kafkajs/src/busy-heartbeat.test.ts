import { expect, it } from 'vitest'
import { cannotBeCopied } from './busy-heartbeat.ts'

const brokers = ['localhost:9092']

it.each([
  [{ brokers, ssl: { ca: ['pem'], key: Buffer.from('key') } }],
  [{ brokers, sasl: { mechanism: 'scram-sha-512' as const, username: 'u', password: 'p' } }],
])('hands plain options to another thread', config => {
  expect(cannotBeCopied(config)).toBeUndefined()
})

it('cannot hand over what holds a function', () => {
  const oauthBearerProvider = async () => ({ value: 'token' })
  expect(cannotBeCopied({ brokers, sasl: { mechanism: 'oauthbearer', oauthBearerProvider } })).toContain(
    'could not be cloned',
  )
})
