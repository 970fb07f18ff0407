import type { HistoryAnswer, Sample } from '../../answers.ts'
import { ask, oneAtATime } from '../api.ts'
import { clear, h, svg, table } from '../dom.ts'
import { failure } from '../failure.ts'
import type { OpenView } from '../view.ts'
import { clock, count, plural, shortName } from '../words.ts'

const WIDTH = 720
const HEIGHT = 150

/** Records that were left out: late ones, dropped ones and failed ones, over time and by operator. */
export const leftOut: OpenView = model => {
  const charts = h('div')
  const nodes = h('div', { class: 'scroll' })
  let last = 0
  const load = oneAtATime(async () => {
    try {
      const { samples } = await ask<HistoryAnswer>('/console/api/history')
      clear(charts, ...chartsOf(samples))
    } catch (error) {
      clear(charts, failure(error))
    }
  })
  return {
    element: h(
      'div',
      {},
      h('h1', {}, 'Late and dropped records'),
      model.topology.mode === 'outside' &&
        h(
          'p',
          {},
          'These counters are in the processes of the application. Open the console of one of its query servers to see them.',
        ),
      charts,
      nodes,
    ),
    update() {
      const counters = model.status?.counters
      if (counters === undefined) return
      if (performance.now() - last > 5_000) {
        last = performance.now()
        void load()
      }
      const rows = [...counters.byNode].sort((a, b) => b.count - a.count)
      clear(
        nodes,
        rows.length === 0
          ? h('p', { class: 'quiet' }, 'No record was left out since this instance started.')
          : table(
              'Records left out, by operator',
              ['operator', 'reason', 'records'],
              rows.map(({ node, reason, count: number }) => [
                h('a', { href: `#/overview/${encodeURIComponent(node)}` }, shortName(node)),
                reason,
                count(number),
              ]),
            ),
      )
    },
  }
}

function chartsOf(samples: readonly Sample[]): readonly Element[] {
  const reasons = [...new Set(samples.flatMap(({ dropped }) => Object.keys(dropped)))].sort()
  const series = [
    ...reasons.map(reason => ({ name: reason, of: (sample: Sample) => sample.dropped[reason] ?? 0 })),
    ...(samples.some(({ failed }) => failed > 0) ? [{ name: 'failed', of: (sample: Sample) => sample.failed }] : []),
  ]
  return series.map(({ name, of }) => chart(name, samples, of))
}

/** Bars of the increase between two samples. */
function chart(name: string, samples: readonly Sample[], of: (sample: Sample) => number): Element {
  const steps = samples
    .slice(1)
    .map((sample, at) => ({ at: sample.at, by: Math.max(0, of(sample) - of(samples[at]!)) }))
  const most = Math.max(1, ...steps.map(({ by }) => by))
  const width = WIDTH / Math.max(60, steps.length)
  const total = samples.length === 0 ? 0 : of(samples.at(-1)!)
  const label = `${name}: ${plural(total, 'record')} in all; at most ${count(most)} between two samples`
  return h(
    'figure',
    {},
    h('figcaption', {}, h('strong', {}, name), ` ${plural(total, 'record')} since the start`),
    svg(
      'svg',
      { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label },
      svg('line', { class: 'axis', x1: 0, y1: HEIGHT - 18, x2: WIDTH, y2: HEIGHT - 18 }),
      ...steps.map(({ by }, at) => {
        const height = (by / most) * (HEIGHT - 34)
        return svg('rect', {
          class: 'bar-of-chart',
          x: at * width,
          y: HEIGHT - 18 - height,
          width: Math.max(1, width - 1),
          height,
        })
      }),
      svg('text', { class: 'axis-text', x: 0, y: HEIGHT - 4 }, steps[0] === undefined ? '' : clock(steps[0].at)),
      svg('text', { class: 'axis-text', x: 0, y: 12 }, count(most)),
    ),
  )
}
