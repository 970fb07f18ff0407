import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { WireError } from '../protocol/wire-error.ts'

const derive = promisify(pbkdf2)

/** Beyond what any broker asks for: a peer that is none must not keep this process computing. */
const MAX_ITERATIONS = 1_000_000

export interface ScramOptions {
  readonly hash: 'sha256' | 'sha512'
  readonly username: string
  readonly password: string
  /** @default random */
  readonly nonce?: string
}

/**
 * SCRAM of RFC 5802, without channel binding.
 *
 *   client-first := "n,,n=" user ",r=" nonce
 *   server-first := "r=" nonce ",s=" salt ",i=" iterations
 *   client-final := "c=biws,r=" nonce ",p=" proof
 *   server-final := "v=" signature
 *
 * @param exchange sends one message and gives the server's answer
 * @throws WireError `refused` when the server cannot prove that it knows the password
 */
export async function scram(
  { hash, username, password, nonce = randomBytes(24).toString('base64') }: ScramOptions,
  exchange: (message: Buffer) => Promise<Buffer>,
): Promise<void> {
  const clientFirst = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  const serverFirst = (await exchange(Buffer.from(`n,,${clientFirst}`))).toString()
  const { r: fullNonce = '', s: salt = '', i: iterationsText = '' } = attributesOf(serverFirst)
  const iterations = Number(iterationsText)
  if (!fullNonce.startsWith(nonce) || fullNonce.length === nonce.length) throw refused('another nonce came back')
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) {
    throw refused(`${iterationsText} iterations`)
  }
  const bytes = hash === 'sha256' ? 32 : 64
  const salted = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64'), iterations, bytes, hash)
  const mac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest()
  const clientKey = mac(salted, 'Client Key')
  const storedKey = createHash(hash).update(clientKey).digest()
  const withoutProof = `c=biws,r=${fullNonce}`
  const authMessage = `${clientFirst},${serverFirst},${withoutProof}`
  const signature = mac(storedKey, authMessage)
  const proof = clientKey.map((byte, i) => byte ^ signature[i]!)
  const final = `${withoutProof},p=${Buffer.from(proof).toString('base64')}`
  const { v = '', e } = attributesOf((await exchange(Buffer.from(final))).toString())
  if (e !== undefined) throw refused(e)
  const expected = mac(mac(salted, 'Server Key'), authMessage)
  const given = Buffer.from(v, 'base64')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused('the signature is wrong')
}

function attributesOf(message: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(message.split(',').map(part => [part.slice(0, 1), part.slice(2)]))
}

function refused(reason: string): WireError {
  return new WireError('refused', `SCRAM failed: the server does not prove that it is the broker (${reason})`)
}
