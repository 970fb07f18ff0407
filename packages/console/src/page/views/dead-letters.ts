import type { LetterAnswer, LettersAnswer, ResendAnswer, ResendRequest } from '../../answers.ts'
import { ask, newestOnly } from '../api.ts'
import { clear, h, setText } from '../dom.ts'
import { failure } from '../failure.ts'
import type { OpenView } from '../view.ts'
import { plural, shortName, time } from '../words.ts'
import { partOf, wholeRecord } from './records.ts'

/** Dead letters with what failed, and a way to send them back. */
export const deadLetters: OpenView = model => {
  const { deadLetterTopic } = model.topology
  if (deadLetterTopic === undefined)
    return {
      element: h(
        'div',
        {},
        h('h1', {}, 'Dead letters'),
        h(
          'p',
          {},
          'The application has no dead-letter topic. Set onBadRecord: { deadLetterTopic } to keep records that fail.',
        ),
      ),
    }
  let letters: readonly LetterAnswer[] = []
  let filter = ''
  const chosen = new Set<string>()
  const list = h('div')
  const summary = h('p', { class: 'quiet', 'aria-live': 'polite' })
  const outcome = h('div', { 'aria-live': 'polite' })
  const visible = () => letters.filter(letter => textOf(letter).includes(filter.toLowerCase()))
  const send = h('button', { type: 'button', click: () => confirmResend() }, 'Send back…')
  const show = () => {
    const shown = visible()
    clear(list, ...shown.map(letter => letterCard(letter, chosen, update)))
    if (letters.length === 0) clear(list, h('p', { class: 'quiet' }, 'There are no dead letters.'))
    update()
  }
  const update = () => {
    setText(summary, `${plural(visible().length, 'letter')} shown, ${chosen.size} chosen`)
    send.disabled = chosen.size === 0
  }
  const load = newestOnly<void, LettersAnswer>(
    () => ask('/console/api/dead-letters?limit=200'),
    answer => {
      letters = answer.letters
      show()
    },
    error => clear(list, failure(error)),
  )
  const dialog = h('dialog', { 'aria-labelledby': 'resend-title' })
  const confirmResend = () => {
    const sent = letters.filter(letter => chosen.has(idOf(letter)))
    const targets = [...new Set(sent.map(({ origin }) => origin?.topic ?? '(no topic)'))]
    clear(
      dialog,
      h('h2', { id: 'resend-title' }, `Send ${plural(sent.length, 'record')} back?`),
      h(
        'p',
        {},
        `They are written to ${targets.join(', ')} once more, as they were. The application processes them again; the letters stay in ${deadLetterTopic}.`,
      ),
      sent.some(({ resent }) => resent) &&
        h('p', { class: 'bad' }, 'Some of them were sent back before and have failed again.'),
      h(
        'div',
        { class: 'bar' },
        h('button', { type: 'button', click: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'button', class: 'primary', click: () => void resend(sent) }, 'Send back'),
      ),
    )
    dialog.showModal()
  }
  const resend = async (sent: readonly LetterAnswer[]) => {
    dialog.close()
    try {
      const letters = sent.map(({ partition, offset }) => ({ partition, offset }))
      const request: ResendRequest = { confirm: true, letters }
      const answer = await ask<ResendAnswer>('/console/api/dead-letters/resend', request)
      chosen.clear()
      clear(outcome, h('p', { class: 'good' }, `${plural(answer.sent, 'record')} sent back.`))
    } catch (error) {
      clear(outcome, failure(error))
    }
    await load()
  }
  void load()
  return {
    element: h(
      'div',
      {},
      h('h1', {}, 'Dead letters'),
      h(
        'div',
        { class: 'bar' },
        h('input', {
          type: 'search',
          'aria-label': 'Filter dead letters',
          placeholder: 'error, operator or topic',
          input: (event: Event) => {
            filter = (event.target as HTMLInputElement).value
            show()
          },
        }),
        h(
          'button',
          {
            type: 'button',
            click: () => {
              for (const letter of visible()) if (isSendable(letter)) chosen.add(idOf(letter))
              show()
            },
          },
          'Choose all shown',
        ),
        send,
        h('button', { type: 'button', click: () => void load() }, 'Load again'),
        summary,
      ),
      outcome,
      list,
      dialog,
    ),
  }
}

function idOf({ partition, offset }: LetterAnswer): string {
  return `${partition}/${offset}`
}

function isSendable({ origin, cut }: LetterAnswer): boolean {
  return origin !== undefined && cut === undefined
}

function textOf({ exception, message, node, origin }: LetterAnswer): string {
  return `${exception} ${message} ${node} ${origin?.topic ?? ''}`.toLowerCase()
}

function letterCard(letter: LetterAnswer, chosen: Set<string>, onChange: () => void): HTMLElement {
  const { exception, message, node, task, origin, resent, cut, stack, timestamp } = letter
  const id = idOf(letter)
  const box = h('input', {
    type: 'checkbox',
    'aria-label': `Choose letter ${id}`,
    checked: chosen.has(id),
    disabled: !isSendable(letter),
    change: () => {
      if (box.checked) chosen.add(id)
      else chosen.delete(id)
      onChange()
    },
  })
  return h(
    'article',
    { class: 'card letter' },
    h(
      'header',
      {},
      box,
      h('strong', { class: 'bad' }, exception === '' ? 'unknown error' : exception),
      h('span', { class: 'message' }, message),
      resent && h('span', { class: 'tag' }, 'sent back before'),
    ),
    h(
      'p',
      { class: 'quiet' },
      'in ',
      node === '' ? 'an unknown operator' : h('a', { href: `#/overview/${encodeURIComponent(node)}` }, shortName(node)),
      task === '' ? '' : `, task ${task}`,
      ' · from ',
      origin === undefined
        ? 'no topic'
        : h(
            'a',
            { href: `#/topics/${encodeURIComponent(origin.topic)}/${origin.partition}` },
            `${origin.topic}-${origin.partition} at ${origin.offset}`,
          ),
      ` · ${time(timestamp)}`,
    ),
    cut !== undefined && h('p', { class: 'bad' }, `The record is not whole: ${cut.replaceAll('\n', ', ')}`),
    h(
      'p',
      {},
      h('span', { class: 'quiet' }, 'key '),
      partOf(letter.key),
      h('span', { class: 'quiet' }, '  value '),
      partOf(letter.value),
    ),
    h(
      'details',
      {},
      h('summary', {}, 'record, bytes and stack trace'),
      wholeRecord(letter),
      stack !== '' && h('pre', { tabindex: 0 }, stack),
    ),
  )
}
