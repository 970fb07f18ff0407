import { h, table } from '../dom.ts'
import type { OpenView } from '../view.ts'

/** All options, with those that were left at their defaults marked. */
export const configuration: OpenView = ({ topology }) => {
  const { configuration: options } = topology
  const shown = [...options].sort((a, b) => Number(a.isDefault) - Number(b.isDefault) || a.name.localeCompare(b.name))
  return {
    element: h(
      'div',
      {},
      h('h1', {}, 'Configuration'),
      options.length === 0
        ? h(
            'p',
            {},
            'The options are in the program of the application: a module that exports defineApplication(plan, options) shows them here.',
          )
        : h(
            'div',
            { class: 'scroll' },
            table(
              'Options',
              ['option', 'value', ''],
              shown.map(({ name, value, isDefault }) => [
                name,
                h('code', {}, value),
                isDefault ? h('span', { class: 'quiet' }, 'default') : h('span', { class: 'tag' }, 'set'),
              ]),
            ),
          ),
    ),
  }
}
