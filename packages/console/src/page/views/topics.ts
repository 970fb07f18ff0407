import type { RecordAnswer, RecordsAnswer, SliceAnswer, SliceRequest } from '../../answers.ts'
import { ask, newestOnly } from '../api.ts'
import { clear, h, setText, table } from '../dom.ts'
import { failure } from '../failure.ts'
import type { Model } from '../model.ts'
import type { OpenView } from '../view.ts'
import { count, rate, time } from '../words.ts'
import { isStuck, readerLine, readersOf } from './readers.ts'
import { partOf, wholeRecord } from './records.ts'

const LIMIT = 50
/** That are shown after the next one to be processed. */
const AFTER_NEXT = 10

/** All topics, or the latest records of one. */
export const topics: OpenView = (model, rest) => {
  const [name = '', partition] = rest.split('/')
  return name === '' ? allTopics(model) : oneTopic(model, decodeURIComponent(name), partition)
}

function allTopics(model: Model) {
  const rows = model.topology.topics.map(({ name, kind }) => {
    const cells = { partitions: h('span'), records: h('span'), written: h('span') }
    const link = h('a', { href: `#/topics/${encodeURIComponent(name)}` }, name)
    return { name, cells, row: [link, kind, cells.partitions, cells.records, cells.written] }
  })
  const element = h(
    'div',
    {},
    h('h1', {}, 'Topics'),
    h(
      'div',
      { class: 'scroll' },
      table(
        'Topics of the application',
        ['topic', 'kind', 'partitions', 'records', 'written'],
        rows.map(({ row }) => row),
      ),
    ),
  )
  return {
    element,
    update() {
      for (const { name, cells } of rows) {
        const status = model.status?.topics.find(topic => topic.name === name)
        setText(cells.partitions, status === undefined ? 'missing' : String(status.partitions))
        setText(cells.records, status === undefined ? '–' : count(status.records))
        setText(cells.written, rate(model.writeRate(name)))
      }
    },
  }
}

/** A file that the browser saves. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
  h('a', { href: url, download: name }).click()
  URL.revokeObjectURL(url)
}

function oneTopic(model: Model, name: string, only: string | undefined) {
  const records = h('div', { 'aria-live': 'polite' })
  const outcome = h('div', { 'aria-live': 'polite' })
  const readers = h('div')
  let shown: readonly RecordAnswer[] = []
  const readersHere = () => (select.value === '' ? [] : readersOf(model, name, Number(select.value)))
  const nextButton = h(
    'button',
    { type: 'button', hidden: true, click: () => void load(readersHere()[0]?.next) },
    'Next to be processed',
  )
  const sliceButton = h(
    'button',
    { type: 'button', disabled: true, title: 'Choose a partition first', click: () => void download() },
    'Download this slice as a test',
  )
  const isRead = model.topology.topics.some(topic => topic.name === name && topic.kind === 'input')
  const select = h(
    'select',
    { 'aria-label': 'Partition', change: () => void load() },
    h('option', { value: '' }, 'all partitions'),
  )
  const partitions = model.status?.topics.find(topic => topic.name === name)?.partitions ?? Number(only ?? 0) + 1
  for (let partition = 0; partition < partitions; partition++)
    select.append(h('option', { value: partition, selected: String(partition) === only }, `partition ${partition}`))
  const answerTo = newestOnly(
    ({ partition, next }: { readonly partition: string; readonly next: number | undefined }) => {
      const search = new URLSearchParams({
        limit: String(LIMIT),
        ...(partition !== '' && { partition }),
        ...(next !== undefined && { before: String(next + AFTER_NEXT) }),
      })
      return ask<RecordsAnswer>(`/console/api/topics/${encodeURIComponent(name)}/records?${search.toString()}`)
    },
    (answer, { partition }) => {
      shown = answer.records
      const next = new Set(readersHere().map(reader => reader.next))
      sliceButton.disabled = partition === '' || shown.length === 0
      clear(
        records,
        answer.records.length === 0 && h('p', { class: 'quiet' }, 'There are no records.'),
        ...answer.records.map(record =>
          h(
            'details',
            { class: 'record' },
            h(
              'summary',
              {},
              h('span', { class: 'quiet place' }, `${record.partition}/${record.offset}`),
              h('span', { class: 'quiet when' }, time(record.timestamp)),
              next.has(record.offset) && h('span', { class: 'tag next' }, 'next to be processed'),
              h('span', { class: 'key' }, partOf(record.key)),
              h('span', { class: 'value' }, partOf(record.value)),
            ),
            wholeRecord(record),
          ),
        ),
      )
    },
    error => clear(records, failure(error)),
  )
  /** @param next around this offset @default the latest */
  const load = (next?: number) => {
    shown = []
    sliceButton.disabled = true
    showReaders()
    return answerTo({ partition: select.value, next })
  }
  const showReaders = () => {
    const here = readersHere()
    nextButton.hidden = here.length === 0
    const lines = here.map(readerLine)
    // What somebody has selected there stays.
    if (readers.textContent !== lines.map(({ textContent }) => textContent).join('')) clear(readers, ...lines)
  }
  const download = async () => {
    const offsets = shown.filter(({ partition }) => String(partition) === select.value).map(({ offset }) => offset)
    const slice = {
      topic: name,
      partition: Number(select.value),
      from: Math.min(...offsets),
      to: Math.max(...offsets) + 1,
    } satisfies SliceRequest
    try {
      const { test } = await ask<SliceAnswer>('/console/api/slice', slice)
      save(`${name}-${slice.partition}-${slice.from}.test.mjs`, test)
      clear(outcome)
    } catch (error) {
      clear(outcome, failure(error))
    }
  }
  // Who comes to a partition that is stuck wants to see where.
  void load(readersHere().find(isStuck)?.next)
  const kind = model.topology.topics.find(topic => topic.name === name)?.kind
  return {
    element: h(
      'div',
      {},
      h('p', { class: 'crumbs' }, h('a', { href: '#/topics' }, 'Topics'), ' / '),
      h('h1', {}, name, kind !== undefined && h('span', { class: 'tag' }, kind)),
      h(
        'div',
        { class: 'bar' },
        select,
        h('button', { type: 'button', click: () => void load() }, 'Load the latest'),
        nextButton,
        model.topology.slices && isRead && sliceButton,
      ),
      readers,
      outcome,
      records,
    ),
    update: showReaders,
  }
}
