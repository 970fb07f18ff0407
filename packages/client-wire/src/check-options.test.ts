import { isMillraceError } from '@millrace/core'
import { expect, it } from 'vitest'
import { kafka, type KafkaOptions } from './kafka.ts'

/** It is a password or a part of one, and must be in no error. */
const SECRET = 'hunter-2'
const brokers = 'localhost:9092'

function refusal(options: object | undefined): string {
  try {
    kafka(options as KafkaOptions)
  } catch (error) {
    expect(isMillraceError(error) && error.code).toBe('MILLRACE_CONFIG_INVALID')
    expect(isMillraceError(error) && error.hint).not.toBe('')
    return String(error)
  }
  return 'accepted'
}

it.each<[object | undefined, string]>([
  [undefined, 'of kafka() is undefined'],
  [{}, 'brokers is undefined'],
  [{ brokers, connectTimeoutMs: 0 }, 'connectTimeoutMs is 0, but it must be a whole number of milliseconds from 1'],
  [{ brokers, connectTimeoutMs: 2 ** 31 }, 'connectTimeoutMs is 2147483648'],
  [{ brokers, requestTimeoutMs: '30000' }, 'requestTimeoutMs is "30000"'],
  [{ brokers, requestTimeoutMs: Number.NaN }, 'requestTimeoutMs is NaN'],
  [{ brokers, requestTimeoutMs: Infinity }, 'requestTimeoutMs is Infinity'],
  [{ brokers, clientId: '' }, 'clientId is "", but it must be a text that is not empty'],
  [{ brokers, clientId: 7 }, 'clientId is 7'],
  [{ brokers, rack: '' }, 'rack is ""'],
  [{ brokers, tls: 'yes' }, 'tls is something else, but it must be true, false or options of tls.connect'],
  [{ brokers, tls: null }, 'tls is something else'],
  [{ brokers, tls: { ca: 'no certificate', key: SECRET } }, 'tls is something else, but Node.js cannot use it for TLS'],
  [{ brokers, tls: { pfx: Buffer.from('none'), passphrase: SECRET } }, 'Node.js cannot use it for TLS'],
  [{ brokers, sasl: 'plain' }, 'sasl is something else, but it must be an object with a mechanism'],
  [{ brokers, sasl: {} }, 'sasl.mechanism is undefined, but it must be one of plain'],
  [{ brokers, sasl: { mechanism: 'SCRAM', password: SECRET } }, 'sasl.mechanism is "SCRAM"'],
  [{ brokers, sasl: { mechanism: 'plain', username: 'app' } }, 'sasl.password is something else'],
  [{ brokers, sasl: { mechanism: 'plain', username: '', password: SECRET } }, 'sasl.username is something else'],
  [{ brokers, sasl: { mechanism: 'plain', user: 'app', password: SECRET } }, 'it is called sasl.username here'],
  [{ brokers, sasl: { mechanism: 'oauthbearer', token: SECRET } }, 'sasl.token is something else'],
  [{ brokers, sasl: { mechanism: 'oauthbearer', password: SECRET } }, 'sasl.password is given, but there is no such'],
  [{ brokers, ssl: true }, 'ssl is given, but there is no such option; it is called tls here'],
  [{ brokers, password: SECRET }, 'password is given, but there is no such option; possible are brokers, clientId'],
  [{ brokers, __proto__: null, toString: 1 }, 'toString is given, but there is no such option; possible are'],
])('refuses %j', (options, text) => {
  expect(refusal(options)).toContain(text)
  expect(refusal(options)).not.toContain(SECRET)
})

it.each<KafkaOptions>([
  { brokers },
  { brokers, clientId: 'app', rack: 'a', connectTimeoutMs: 1, requestTimeoutMs: 2 ** 31 - 1 },
  { brokers, tls: true },
  { brokers, tls: { rejectUnauthorized: false } },
  { brokers, sasl: { mechanism: 'scram-sha-512', username: 'app', password: SECRET } },
  { brokers, sasl: { mechanism: 'oauthbearer', token: () => ({ value: SECRET }) } },
  Object.freeze({ brokers: Object.freeze([brokers]), sasl: undefined, tls: undefined } as unknown as KafkaOptions),
])('accepts %j', options => {
  expect(() => kafka(options)).not.toThrow()
})
