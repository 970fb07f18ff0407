import { expect, it } from 'vitest'
import { ownSasl, portableConfig } from './connection-settings.ts'

const brokers = ['localhost:9092']
const scram = { mechanism: 'scram-sha-512' as const, username: 'u', password: 'p' }

it.each([
  [{ brokers }],
  [{ brokers, ssl: true }],
  [{ brokers, ssl: { ca: ['pem'], key: Buffer.from('key') } }],
  [{ brokers, sasl: scram }],
  [{ brokers, sasl: { ...scram, authenticationProvider: () => undefined } as never }],
  [{ brokers, retry: { restartOnFailure: async () => true } }],
])('hands plain options to another thread: %o', config => {
  const portable = portableConfig(config)
  expect(portable).toMatchObject({ config: { brokers }, needsTokens: false })
  expect(structuredClone(portable)).toEqual(portable)
})

it('hands tokens over one by one', () => {
  const oauthBearerProvider = async () => ({ value: 'token' })
  expect(portableConfig({ brokers, sasl: { mechanism: 'oauthbearer', oauthBearerProvider } })).toEqual({
    config: { brokers, sasl: { mechanism: 'oauthbearer' } },
    needsTokens: true,
  })
})

it.each([
  [
    { brokers, sasl: { mechanism: 'mine', authenticationProvider: () => undefined } as never },
    'authenticationProvider',
  ],
  [{ brokers, ssl: { checkServerIdentity: () => undefined } }, 'checkServerIdentity'],
  [{ brokers, socketFactory: () => undefined as never }, 'socketFactory'],
])('says what cannot be handed over: %o', (config, name) => {
  expect(portableConfig(config)).toMatchObject({ obstacle: expect.stringContaining(name) })
})

it('gives kafkajs an object of its own, through which the user can still change the password', () => {
  const sasl = { mechanism: 'plain' as const, username: 'u', password: 'old' }
  const own = ownSasl(sasl, () => undefined) as typeof sasl & { authenticationProvider?: unknown }
  own.authenticationProvider = () => undefined
  sasl.password = 'new'
  expect(own.password).toBe('new')
  expect(sasl).toEqual({ mechanism: 'plain', username: 'u', password: 'new' })
  const frozen = ownSasl(Object.freeze({ ...sasl }), () => undefined) as typeof own
  frozen.authenticationProvider = () => undefined
  expect(frozen.username).toBe('u')
})

it('says of a token that cannot be had that it is tried again', async () => {
  const oauthBearerProvider = () => Promise.reject(new Error('no network'))
  const own = ownSasl({ mechanism: 'oauthbearer', oauthBearerProvider }, () => undefined)
  await expect((own as { oauthBearerProvider(): Promise<unknown> }).oauthBearerProvider()).rejects.toMatchObject({
    kind: 'retriable',
    message: expect.stringContaining('no network'),
  })
})
