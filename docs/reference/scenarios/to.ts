import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder.stream('events', texts).to(event => `events-${event}`)
export const plan = builder.build()

export const chosenTopics = ['events-login', 'events-logout']

export const input: Input = [
  [1, 'events', 'ada', 'login'],
  [3, 'events', 'bob', 'login'],
  [2, 'events', 'ada', 'logout'],
]
