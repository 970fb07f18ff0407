import type { Shown, StoreAnswer } from '../../answers.ts'
import { ask, newestOnly } from '../api.ts'
import { clear, h, setText, table } from '../dom.ts'
import { failure } from '../failure.ts'
import type { Model } from '../model.ts'
import type { OpenView } from '../view.ts'
import { count, json, time } from '../words.ts'

/** All stores, or a look into one. */
export const stores: OpenView = (model, rest) => {
  const store = model.topology.stores.find(({ name }) => name === rest)
  return store === undefined ? allStores(model) : oneStore(model, store)
}

function allStores(model: Model) {
  const rows = model.topology.stores.map(store => {
    const { name, kind, key, value, subTopology, changelog } = store
    const size = h('span')
    const link = h('a', { href: `#/stores/${encodeURIComponent(name)}` }, name)
    return { changelog, size, row: [link, kind, `${key} → ${value}`, subTopology ?? 'global', size] }
  })
  return {
    element: h(
      'div',
      {},
      h('h1', {}, 'Stores'),
      rows.length === 0 && h('p', { class: 'quiet' }, 'The topology has no stores.'),
      h(
        'div',
        { class: 'scroll' },
        table(
          'Stores',
          ['store', 'kind', 'key → value', 'sub-topology', 'changelog records'],
          rows.map(({ row }) => row),
        ),
      ),
    ),
    update() {
      for (const { changelog, size } of rows) {
        const records = model.status?.topics.find(({ name }) => name === changelog)?.records
        setText(size, records === undefined ? '–' : count(records))
      }
    },
  }
}

interface Question {
  readonly path: string
  readonly query: URLSearchParams
}

function oneStore({ topology }: Model, store: StoreAnswer) {
  const { name, kind, key, value } = store
  const answer = h('div', { 'aria-live': 'polite' })
  const input = (label: string, placeholder = '') =>
    h('input', { 'aria-label': label, placeholder, autocomplete: 'off' })
  const [one, from, to, prefix] = [
    input('Key', 'key'),
    input('From', 'from'),
    input('To', 'to'),
    input('Prefix', 'prefix'),
  ]
  const as = h(
    'select',
    { 'aria-label': 'How keys are written' },
    h('option', { value: 'text' }, 'keys are text'),
    h('option', { value: 'json', selected: key !== 'string' }, 'keys are JSON'),
  )
  const base = `/stores/${encodeURIComponent(name)}`
  const follow = h('input', { type: 'checkbox', id: 'follow' })
  let last: Question | undefined
  let asking = 0
  const answerTo = newestOnly(
    ({ path, query }: Question) => ask<Found>(`${path}?${query.toString()}`),
    found => clear(answer, shownAnswer(found)),
    error => clear(answer, failure(error)),
  )
  const show = async (question: Question) => {
    last = question
    const { query } = question
    for (const [parameter, text] of [...query]) if (text === '') query.delete(parameter)
    asking++
    await answerTo(question)
    asking--
  }
  const windowed = kind === 'window' || kind === 'session'
  const folder = { 'key-value': 'keys', versioned: 'keys', window: 'windows', session: 'sessions' }[kind]
  const askKey = () => {
    const times = windowed ? { from: from.value, to: to.value } : {}
    const query = new URLSearchParams({ as: as.value, ...times })
    return show({ path: `${base}/${folder}/${encodeURIComponent(one.value)}`, query })
  }
  const askRange = () =>
    kind === 'window'
      ? show({ path: `${base}/windows`, query: new URLSearchParams({ from: from.value, to: to.value, limit: '1000' }) })
      : show({
          path: `${base}/entries`,
          query: new URLSearchParams({
            as: as.value,
            from: from.value,
            to: to.value,
            prefix: prefix.value,
            limit: '100',
          }),
        })
  const form = (children: readonly HTMLElement[], go: () => Promise<void>, label: string) =>
    h(
      'form',
      {
        class: 'bar',
        submit: (event: Event) => {
          event.preventDefault()
          void go()
        },
      },
      ...children,
      h('button', { type: 'submit' }, label),
    )
  const forms = [
    form([one, as, ...(kind === 'session' ? [from, to] : [])], askKey, 'Look up'),
    ...(kind === 'key-value' ? [form([from, to, prefix], askRange, 'Show a range')] : []),
    ...(kind === 'window' ? [form([from, to], askRange, 'Show windows')] : []),
  ]
  return {
    element: h(
      'div',
      {},
      h('p', { class: 'crumbs' }, h('a', { href: '#/stores' }, 'Stores'), ' / '),
      h('h1', {}, name, h('span', { class: 'tag' }, kind)),
      h('p', { class: 'quiet' }, `${key} → ${value}`),
      ...(topology.readsStores
        ? [
            ...forms,
            h('label', { for: 'follow' }, follow, ' follow: ask again each second'),
            windowed && h('p', { class: 'quiet' }, 'Times are milliseconds since the epoch.'),
          ]
        : [
            h(
              'p',
              {},
              'Stores are in the processes of the application. Start the console with --query-server URL, the address of a query server of it, to read them.',
            ),
          ]),
      answer,
    ),
    update() {
      if (follow.checked && last !== undefined && asking === 0) void show(last)
    },
  }
}

interface Found {
  readonly value?: Shown
  readonly timestamp?: number
  readonly partition?: number
  readonly source?: string
  readonly entries?: readonly (readonly [Shown, Shown])[]
  readonly cursor?: string
}

function shownAnswer({ entries, value, timestamp, partition, source, cursor }: Found): HTMLElement {
  if (entries === undefined)
    return h(
      'div',
      { class: 'card' },
      h('pre', { tabindex: 0 }, json(value, 2)),
      h(
        'p',
        { class: 'quiet' },
        [
          timestamp === undefined ? '' : time(timestamp),
          `partition ${partition}`,
          source === 'active' ? 'from the active task' : `from a ${source}`,
        ]
          .filter(text => text !== '')
          .join(' · '),
      ),
    )
  if (entries.length === 0) return h('p', { class: 'quiet' }, 'There are no entries.')
  return h(
    'div',
    { class: 'scroll' },
    table(
      'Entries',
      ['key', 'value'],
      [...entries].sort(newestFirst).map(([key, entry]) => [keyText(key), h('code', {}, json(entry))]),
    ),
    cursor !== undefined && h('p', { class: 'quiet' }, 'There are more: narrow the range.'),
  )
}

/** Windows by their start, the newest first; other keys stay in their order. */
function newestFirst([a]: readonly [Shown, Shown], [b]: readonly [Shown, Shown]): number {
  const startOf = (key: Shown) => {
    const { start } = (typeof key === 'object' ? (key ?? {}) : {}) as { readonly start?: number }
    return start ?? 0
  }
  return startOf(b) - startOf(a)
}

/** Windows as times, which are easier to read than numbers. */
function keyText(key: Shown): HTMLElement {
  const { start, end, key: inner } = (typeof key === 'object' ? (key ?? {}) : {}) as Readonly<Record<string, Shown>>
  if (typeof start === 'number')
    return h(
      'span',
      {},
      inner !== undefined && h('code', {}, `${json(inner)} `),
      `${time(start)}${typeof end === 'number' ? ` to ${time(end)}` : ''}`,
    )
  return h('code', {}, typeof key === 'number' && key > 1e11 ? time(key) : json(key))
}
