import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WireError } from '../protocol/wire-error.ts'
import { scram } from './scram.ts'

const OPTIONS = { hash: 'sha256', username: 'user', password: 'pencil', nonce: 'rOprNGfwEbeRWgbNEkqO' } as const
const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

/** Answers with these messages, and gives what the client sent. */
async function exchanged(answers: readonly string[]): Promise<readonly string[]> {
  const sent: string[] = []
  await scram(OPTIONS, async message => {
    sent.push(message.toString())
    return Buffer.from(answers[sent.length - 1] ?? '')
  })
  return sent
}

it('is that of RFC 7677', async () => {
  expect(await exchanged([SERVER_FIRST, SERVER_FINAL])).toEqual([
    'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  ])
})

it.each([
  ['another nonce', [SERVER_FIRST.replace('rOpr', 'xxxx'), SERVER_FINAL]],
  ['no nonce of its own', ['r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', SERVER_FINAL]],
  ['iterations that take for ever', [SERVER_FIRST.replace('4096', '2147483647'), SERVER_FINAL]],
  ['a wrong signature', [SERVER_FIRST, 'v=AAAA']],
  ['an error', [SERVER_FIRST, 'e=invalid-proof']],
])('refuses a server with %s', async (_what, answers) => {
  await expect(exchanged(answers)).rejects.toMatchObject({ reason: 'refused' })
})

it('refuses whatever else a server says', async () => {
  const damaged = fc.tuple(fc.nat(SERVER_FIRST.length), fc.string({ maxLength: 8 })).map(([at, text]) => {
    // Few iterations, so that a message that can be read costs little.
    const first = SERVER_FIRST.replace('4096', '1')
    return first.slice(0, at) + text + first.slice(at + text.length)
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), damaged), fc.string(), async (first, final) => {
      const failure = await exchanged([first, final]).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(failure).toBeInstanceOf(WireError)
    }),
    { numRuns: 500 },
  )
})
