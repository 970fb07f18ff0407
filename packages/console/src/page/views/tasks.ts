import type { TaskAnswer } from '../../answers.ts'
import { clear, h, setClass, setText } from '../dom.ts'
import { STUCK_MS } from '../model.ts'
import type { OpenView } from '../view.ts'
import { count, plural, rate, time } from '../words.ts'

const HEAD = ['task', 'instance', 'standbys', 'processed', 'lag', 'stream time', 'changelog records', 'why there']

interface Row {
  readonly element: HTMLTableRowElement
  readonly cells: readonly HTMLElement[]
}

/** All tasks, a row each. Rows stay: only what has changed is written, so that a thousand of them do not lag. */
export const tasks: OpenView = model => {
  const rows = new Map<string, Row>()
  const body = h('tbody')
  const instances = h('div', { class: 'instances' })
  const restores = h('div')
  const summary = h('p', { class: 'quiet', 'aria-live': 'polite' })
  let text = ''
  let attentionOnly = false
  const show = () => {
    const { status } = model
    if (status === undefined) return
    const nameOf = new Map(status.instances.map(({ id, name }) => [id, name]))
    const rates = model.taskRates()
    let shown = 0
    for (const task of status.tasks) {
      const row = rows.get(task.id) ?? added(rows, body, task.id)
      const owner = task.owner === undefined ? 'nobody' : (nameOf.get(task.owner) ?? task.owner)
      const alert = task.owner === undefined || task.inputs.some(({ stuckMs }) => stuckMs >= STUCK_MS)
      const standbys = task.standby.map(id => nameOf.get(id) ?? id).join(', ') || '–'
      fill(row, task, [owner, standbys, rate(rates.get(task.id))])
      setClass(row.element, 'alert', alert)
      const visible = (!attentionOnly || alert) && `${task.id} ${owner}`.includes(text)
      row.element.hidden = !visible
      if (visible) shown++
    }
    setText(summary, `${plural(shown, 'task')} of ${count(status.tasks.length)}`)
    clear(
      instances,
      ...status.instances.map(({ name, here, active, standby, warmup }) =>
        h(
          'div',
          { class: 'card' },
          h('h3', {}, name, here && h('span', { class: 'tag' }, 'this one')),
          h('p', {}, `${plural(active.length, 'task')}, ${plural(standby.length, 'standby', 'standbys')}`),
          warmup.length > 0 && h('p', { class: 'quiet' }, `warms up ${warmup.join(', ')}`),
        ),
      ),
    )
    clear(restores, ...restoreLines(status.restores))
  }
  const element = h(
    'div',
    {},
    h('h1', {}, 'Tasks'),
    instances,
    restores,
    h(
      'div',
      { class: 'bar' },
      h('input', {
        type: 'search',
        'aria-label': 'Filter tasks',
        placeholder: 'task or instance',
        input: (event: Event) => {
          text = (event.target as HTMLInputElement).value
          show()
        },
      }),
      h(
        'label',
        {},
        h('input', {
          type: 'checkbox',
          change: (event: Event) => {
            attentionOnly = (event.target as HTMLInputElement).checked
            show()
          },
        }),
        ' only those that need attention',
      ),
      summary,
    ),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Tasks' },
      h(
        'table',
        { class: 'rows' },
        h('caption', { class: 'hidden' }, 'Tasks'),
        h('thead', {}, h('tr', {}, ...HEAD.map(title => h('th', { scope: 'col' }, title)))),
        body,
      ),
    ),
  )
  return { element, update: show }
}

function added(rows: Map<string, Row>, body: HTMLElement, id: string): Row {
  const cells = HEAD.map((_, at) => (at === 0 ? h('th', { scope: 'row' }, id) : h('td')))
  const row = { element: h('tr', { 'data-task': id }, ...cells), cells }
  rows.set(id, row)
  body.append(row.element)
  return row
}

function fill({ cells }: Row, task: TaskAnswer, [owner, standbys, processed]: readonly string[]): void {
  const texts = [
    owner!,
    standbys!,
    processed!,
    count(task.lag),
    time(task.streamTime),
    count(task.changelogRecords),
    task.why,
  ]
  texts.forEach((text, at) => setText(cells[at + 1]!, text))
}

function restoreLines(
  restores: readonly { task: string; store: string; kind: string; done: number; total: number; over: boolean }[],
) {
  const open = restores.filter(({ over, total }) => !over && total > 0)
  if (open.length === 0) return []
  return [
    h('h2', {}, 'Restores and standbys'),
    ...open
      .slice(0, 50)
      .map(({ task, store, kind, done, total }) =>
        h(
          'div',
          { class: 'progress' },
          h('span', {}, `${kind === 'restore' ? 'restores' : 'follows'} ${store} of ${task}`),
          h('progress', { max: total, value: done, 'aria-label': `${store} of ${task}` }),
          h('span', { class: 'quiet' }, `${count(done)} of ${count(total)}`),
        ),
      ),
  ]
}
