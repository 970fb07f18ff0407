import { expect, it } from 'vitest'
import { principalOf } from './principal.ts'

const jwt = (claims: object) => ({ value: `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.secret` })
const oauth = { sasl: { mechanism: 'oauthbearer' as const, token: () => jwt({}) } }

it.each([
  ['nobody', {}, undefined, '"User:ANONYMOUS"'],
  ['TLS without a certificate', { tls: { ca: 'x' } }, undefined, '"User:ANONYMOUS"'],
  [
    'a user with a password',
    { sasl: { mechanism: 'plain' as const, username: 'app', password: 'secret' } },
    undefined,
    '"User:app"',
  ],
  ['a token with a subject', oauth, jwt({ sub: 'app' }), '"User:app"'],
  ['a token without one', oauth, jwt({ name: 'app' }), 'the owner of the token'],
  ['a token of another form', oauth, { value: 'secret' }, 'the owner of the token'],
  ['no token yet', oauth, undefined, 'the owner of the token'],
  ['a key store', { tls: { pfx: 'x' } }, undefined, 'the owner of the client certificate'],
  ['a certificate that is none', { tls: { cert: 'x' } }, undefined, 'the owner of the client certificate'],
])('knows %s', (_what, security, token, principal) => {
  expect(principalOf(security, token)).toBe(principal)
})
