import { once } from 'node:events'
import { connect } from 'node:net'

const CREATE_ACLS = 30
const VERSION = 2
const RESOURCES = { topic: 2, group: 3, transactionalId: 5 } as const
const PATTERNS = { literal: 3, prefixed: 4 } as const
const OPERATIONS = { Read: 3, Write: 4, Create: 5, Delete: 6, Describe: 8, DescribeConfigs: 10 } as const
const ALLOW = 3

export interface Right {
  readonly resource: keyof typeof RESOURCES
  readonly pattern: keyof typeof PATTERNS
  readonly name: string
  readonly operation: keyof typeof OPERATIONS
}

/**
 * Gives rights to a user, over a listener whose users may do everything.
 *
 * ```
 * request  = length:i32 api_key:i16 version:i16 correlation_id:i32 client_id:string tags acls tags
 * acls     = (count + 1):varint (type:i8 name:compact pattern:i8 principal:compact host:compact operation:i8 permission:i8 tags)*
 * response = length:i32 correlation_id:i32 tags throttle_ms:i32 (count + 1):varint (error_code:i16 error_message:compact tags)* tags
 * ```
 */
export async function grantRights(brokers: string, principal: string, rights: readonly Right[]): Promise<void> {
  const acls = rights.map(({ resource, pattern, name, operation }) =>
    Buffer.concat([
      ...[
        Buffer.of(RESOURCES[resource]),
        compact(name),
        Buffer.of(PATTERNS[pattern]),
        compact(principal),
        compact('*'),
      ],
      Buffer.of(OPERATIONS[operation], ALLOW, 0),
    ]),
  )
  const head = Buffer.alloc(10)
  head.writeInt16BE(CREATE_ACLS, 0)
  head.writeInt16BE(VERSION, 2)
  head.writeInt16BE(-1, 8)
  const body = Buffer.concat([head, Buffer.of(0, acls.length + 1), ...acls, Buffer.of(0)])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  const [host, port] = brokers.split(':') as [string, string]
  const socket = connect(Number(port), host)
  socket.write(Buffer.concat([length, body]))
  let answer = Buffer.alloc(0)
  while (answer.length < 4 || answer.length < 4 + answer.readInt32BE()) {
    const [part] = (await once(socket, 'data')) as [Buffer]
    answer = Buffer.concat([answer, part])
  }
  socket.destroy()
  const results = answer.subarray(4 + 4 + 1 + 4 + 1)
  for (let at = 0, index = 0; index < rights.length; index++) {
    const code = results.readInt16BE(at)
    if (code !== 0) throw new Error(`the broker refuses the right ${JSON.stringify(rights[index])} with error ${code}`)
    at += 2 + Math.max(1, results[at + 2]!) + 1
  }
}

function compact(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > 126) throw new RangeError(`${text} is too long for this encoder`)
  return Buffer.concat([Buffer.of(bytes.length + 1), bytes])
}
