import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether the header carries the token. It takes the same time for every wrong one. */
export function carriesToken(header: string | undefined, token: string): boolean {
  const [, given = ''] = /^bearer +(\S+) *$/i.exec(header ?? '') ?? []
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
