import type { PartAnswer, RecordAnswer } from '../../answers.ts'
import { h } from '../dom.ts'
import { json } from '../words.ts'

const MOST_TEXT = 160

/** A key or a value: decoded, with the bytes and the reason where no serde could read it. */
export function partOf(part: PartAnswer, open = false): HTMLElement {
  const { form, failure, base64 } = part
  if (base64 === null) return h('span', { class: 'quiet' }, 'null')
  const text = json(form)
  const short = text.length > MOST_TEXT && !open ? `${text.slice(0, MOST_TEXT)}…` : text
  return h(
    'span',
    {},
    h('code', {}, open ? json(form, 2) : short),
    failure !== undefined && h('span', { class: 'bad' }, ` not readable: ${failure}`),
  )
}

/** All of a record: headers and bytes as well. */
export function wholeRecord({ key, value, headers }: RecordAnswer): HTMLElement {
  const part = (name: string, given: PartAnswer) =>
    h(
      'div',
      {},
      h('h4', {}, name),
      h('pre', { tabindex: 0 }, partOf(given, true)),
      given.base64 !== null &&
        h('details', {}, h('summary', {}, 'bytes'), h('pre', { class: 'bytes', tabindex: 0 }, hexOf(given.base64))),
    )
  return h(
    'div',
    { class: 'whole' },
    part('key', key),
    part('value', value),
    headers.length > 0 &&
      h(
        'div',
        {},
        h('h4', {}, 'headers'),
        h(
          'dl',
          { class: 'pairs' },
          ...headers.flatMap(header => [h('dt', {}, header.key), h('dd', {}, header.value ?? 'null')]),
        ),
      ),
  )
}

/** Offset, bytes and characters, as `hexdump -C` writes them. */
function hexOf(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, 4096); at += 16) {
    const part = [...bytes.subarray(at, at + 16)]
    const hex = part.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const text = part.map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(48)} ${text}`)
  }
  return bytes.length > 4096 ? `${lines.join('\n')}\n… ${bytes.length} bytes in all` : lines.join('\n')
}
