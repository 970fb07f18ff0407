import type { StatusAnswer, TopologyAnswer } from '../answers.ts'
import { ApiError, ask, hasToken, setToken, takeToken } from './api.ts'
import { clear, h, setClass, setText } from './dom.ts'
import { failure } from './failure.ts'
import { Model } from './model.ts'
import type { OpenView, View } from './view.ts'
import { configuration } from './views/configuration.ts'
import { deadLetters } from './views/dead-letters.ts'
import { events } from './views/events.ts'
import { leftOut } from './views/left-out.ts'
import { overview } from './views/overview.ts'
import { stores } from './views/stores.ts'
import { tasks } from './views/tasks.ts'
import { topics } from './views/topics.ts'

const VIEWS: Readonly<Record<string, { readonly title: string; readonly open: OpenView }>> = {
  overview: { title: 'Overview', open: overview },
  tasks: { title: 'Tasks', open: tasks },
  stores: { title: 'Stores', open: stores },
  topics: { title: 'Topics', open: topics },
  'dead-letters': { title: 'Dead letters', open: deadLetters },
  'left-out': { title: 'Late and dropped', open: leftOut },
  events: { title: 'Events', open: events },
  configuration: { title: 'Configuration', open: configuration },
}

const ASK_MS = 1_000
const THEME = 'millrace-console-theme'

takeToken()
applyTheme(localStorage.getItem(THEME) ?? 'auto')
await start()

async function start(): Promise<void> {
  try {
    run(new Model(await ask<TopologyAnswer>('/console/api/topology')))
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return askForToken()
    clear(document.body, h('main', { class: 'alone' }, h('h1', {}, 'Millrace'), failure(error)))
    setTimeout(() => void start(), 3 * ASK_MS)
  }
}

function askForToken(): void {
  const token = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: true })
  const fields = h(
    'fieldset',
    {},
    h('label', { for: 'token' }, 'Token'),
    token,
    h('button', { type: 'submit' }, 'Open'),
  )
  const submit = (event: Event) => {
    event.preventDefault()
    // Until the answer is there: a form that is replaced would lose what somebody types meanwhile.
    fields.disabled = true
    setToken(token.value)
    void start()
  }
  const why = hasToken() ? 'The server refused the token.' : 'The server asks for its token.'
  clear(
    document.body,
    h(
      'main',
      { class: 'alone' },
      h('h1', {}, 'Millrace'),
      h('p', { role: 'status' }, why),
      h('form', { class: 'bar', submit }, fields),
    ),
  )
  token.focus()
}

function run(model: Model): void {
  const main = h('main', { id: 'main', tabindex: -1 })
  const links = Object.entries(VIEWS).map(([name, { title }]) =>
    h('a', { href: `#/${name}`, 'data-view': name }, title),
  )
  const connection = h('p', { class: 'connection', role: 'status' })
  clear(
    document.body,
    h(
      'a',
      { class: 'skip', href: '#main', click: (event: Event) => (event.preventDefault(), main.focus()) },
      'Skip to the content',
    ),
    h(
      'nav',
      { 'aria-label': 'Console' },
      h('p', { class: 'name' }, model.topology.applicationId),
      h('p', { class: 'quiet' }, model.topology.mode === 'inside' ? 'from an instance' : 'from Kafka alone'),
      ...links,
      h('span', { class: 'grow' }),
      themeButton(),
      connection,
    ),
    main,
  )
  let view: View | undefined
  const open = () => {
    const [, name = 'overview', rest = ''] = /^#\/([\w-]+)(?:\/(.*))?$/.exec(location.hash) ?? []
    const known = Object.hasOwn(VIEWS, name) ? name : 'overview'
    view?.close?.()
    const isTopic = known === 'topics'
    view = VIEWS[known]!.open(model, isTopic ? rest : decodeURIComponent(rest))
    clear(main, view.element)
    view.shown?.()
    view.update?.()
    document.title = `${VIEWS[known]!.title} · ${model.topology.applicationId} · Millrace`
    for (const link of links) {
      const current = link.dataset['view'] === known
      setClass(link, 'current', current)
      if (current) link.setAttribute('aria-current', 'page')
      else link.removeAttribute('aria-current')
    }
  }
  const ended = new AbortController()
  const opened = () => {
    open()
    main.focus({ preventScroll: true })
    scrollTo(0, 0)
  }
  addEventListener('hashchange', opened, { signal: ended.signal })
  open()
  const step = async () => {
    const began = performance.now()
    try {
      if (!document.hidden) {
        model.take(await ask<StatusAnswer>('/console/api/status'))
        view?.update?.()
      }
      setText(connection, '')
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        ended.abort()
        view?.close?.()
        return askForToken()
      }
      setText(connection, error instanceof ApiError ? error.message : 'The server cannot be reached.')
    }
    // A large application is asked less often, so that asking stays a small part of the time.
    setTimeout(() => void step(), Math.max(ASK_MS, 4 * (performance.now() - began)))
  }
  void step()
}

function themeButton(): HTMLElement {
  const names = { auto: 'Colours: as the system', light: 'Colours: light', dark: 'Colours: dark' } as const
  const order = ['auto', 'light', 'dark'] as const
  let now = order.find(name => name === localStorage.getItem(THEME)) ?? 'auto'
  const button = h(
    'button',
    {
      type: 'button',
      class: 'theme',
      click: () => {
        now = order[(order.indexOf(now) + 1) % order.length]!
        localStorage.setItem(THEME, now)
        applyTheme(now)
        setText(button, names[now])
      },
    },
    names[now],
  )
  return button
}

function applyTheme(name: string): void {
  if (name === 'light' || name === 'dark') document.documentElement.dataset['theme'] = name
  else delete document.documentElement.dataset['theme']
}
