import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { exchange } from './probe/exchange.ts'

const ALTER_USER_SCRAM_CREDENTIALS = 51
const ITERATIONS = 4096
const TIMEOUT_MS = 30_000

/** How Kafka numbers the mechanisms, and the hash of each. */
const MECHANISMS = [
  { id: 1, hash: 'sha256', bytes: 32 },
  { id: 2, hash: 'sha512', bytes: 64 },
] as const

type Mechanism = (typeof MECHANISMS)[number]

/**
 * Sets a user's password for SCRAM-SHA-256 and SCRAM-SHA-512. The request is written here because the class of Kafka's own tool
 * is in another jar since 4.4, and because each start of the tool takes a JVM.
 *
 * @param broker a listener that does not ask for a login
 * @throws what the socket throws, and an Error with the broker's reason when it refuses
 */
export async function setScramPassword(
  broker: { readonly host: string; readonly port: number },
  { user, password }: { readonly user: string; readonly password: string },
): Promise<void> {
  for (const mechanism of MECHANISMS) {
    const salt = randomBytes(16)
    const request = encodeUpsertion(user, mechanism, salt, password)
    checkAnswer(await exchange(broker.host, broker.port, request, TIMEOUT_MS))
  }
}

/**
 * ```
 * request   = length:i32 api_key:i16 version:i16 correlation_id:i32 client_id:string tags deletions upsertions tags
 * deletions = 1:varint                                             -- none: the length of a compact array is counted from 1
 * upsertions= 2:varint user:compact mechanism:i8 iterations:i32 salt:compact salted_password:compact tags
 * compact   = (length + 1):varint bytes
 * tags      = 0:varint
 * ```
 */
export function encodeUpsertion(user: string, { id, hash, bytes }: Mechanism, salt: Buffer, password: string): Buffer {
  const clientId = Buffer.from('dev-kafka')
  const fixed = Buffer.alloc(10)
  fixed.writeInt16BE(ALTER_USER_SCRAM_CREDENTIALS, 0)
  fixed.writeInt16BE(0, 2)
  fixed.writeInt32BE(1, 4)
  fixed.writeInt16BE(clientId.length, 8)
  const how = Buffer.alloc(5)
  how.writeInt8(id, 0)
  how.writeInt32BE(ITERATIONS, 1)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, bytes, hash)
  const noTags = Buffer.of(0)
  const body = Buffer.concat([
    ...[fixed, clientId, noTags, Buffer.of(1, 2), compact(Buffer.from(user)), how],
    ...[compact(salt), compact(salted), noTags, noTags],
  ])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length, 0)
  return Buffer.concat([length, body])
}

/**
 * ```
 * response = correlation_id:i32 tags throttle_ms:i32 2:varint user:compact error_code:i16 error_message:compact …
 * ```
 * @throws Error with the code and the reason that the broker gives
 */
export function checkAnswer(response: Buffer): void {
  let at = 4 + 1 + 4 + 1
  at += response[at]!
  const code = response.readInt16BE(at)
  if (code === 0) return
  const length = response[at + 2]!
  const reason = length === 0 ? '' : `: ${response.toString('utf8', at + 3, at + 2 + length)}`
  throw new Error(`the broker refuses the password with error ${code}${reason}`)
}

/** Up to 126 bytes: the length is one byte. */
function compact(bytes: Buffer): Buffer {
  if (bytes.length > 126) throw new RangeError(`${bytes.length} bytes are too long for this encoder`)
  return Buffer.concat([Buffer.of(bytes.length + 1), bytes])
}
