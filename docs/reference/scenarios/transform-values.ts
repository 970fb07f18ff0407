import { string, StreamsBuilder, type ValueTransformer } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

/** Numbers the versions of each row. */
function versions(): ValueTransformer<string, string, string> {
  const counts = new Map<string, number>()
  return {
    transform(value, key) {
      if (value === null) return null
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return `${value} (version ${count})`
    },
  }
}

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder.table('pages', texts).transformValues(versions, { value: string(), store: {} }).toStream().to('numbered-pages')
export const plan = builder.build()

export const input: Input = [
  [1, 'pages', 'home', 'Welcome'],
  [4, 'pages', 'home', 'Hello'],
  [5, 'pages', 'help', 'Ask Ada'],
  [6, 'pages', 'home', null],
]
