import type { HistoryAnswer } from '../../answers.ts'
import { ask, oneAtATime } from '../api.ts'
import { clear, h } from '../dom.ts'
import { failure } from '../failure.ts'
import type { OpenView } from '../view.ts'
import { clock } from '../words.ts'

/** What has happened since the console is open, newest first. */
export const events: OpenView = () => {
  const list = h('ol', { class: 'events', 'aria-live': 'polite' })
  let last = ''
  let askedAt = -Infinity
  const load = oneAtATime(async () => {
    try {
      const answer = await ask<HistoryAnswer>('/console/api/history')
      const now = JSON.stringify(answer.events)
      if (now === last) return
      last = now
      clear(
        list,
        ...[...answer.events]
          .reverse()
          .map(({ at, kind, text }) =>
            h('li', {}, h('time', {}, clock(at)), h('span', { class: `tag ${kind}` }, kind), h('span', {}, text)),
          ),
      )
      if (answer.events.length === 0) clear(list, h('li', { class: 'quiet' }, 'Nothing has happened yet.'))
    } catch (error) {
      last = ''
      clear(list, failure(error))
    }
  })
  return {
    element: h('div', {}, h('h1', {}, 'Events'), list),
    update() {
      if (performance.now() - askedAt < 2_000) return
      askedAt = performance.now()
      void load()
    },
  }
}
