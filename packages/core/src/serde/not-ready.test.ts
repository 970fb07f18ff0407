import { expect, it } from 'vitest'
import { change } from '../formats/change.ts'
import { list } from './list.ts'
import { notReady, prepareOf, readyAgain } from './not-ready.ts'
import { string } from './text-serdes.ts'
import { sessionWindowed } from './windowed-serdes.ts'

it('tells when a second attempt is worthwhile, and leaves other errors alone', async () => {
  const error = notReady('the schema 7', Promise.resolve())
  expect(error).toMatchObject({ code: 'MILLRACE_SERDE_NOT_READY', kind: 'retriable' })
  expect(error.message).toContain('the schema 7')
  await expect(readyAgain(error)).resolves.toBeUndefined()
  expect(readyAgain(new Error('another'))).toBeUndefined()
  expect(readyAgain(undefined)).toBeUndefined()
})

it('a failed fetch that nobody waits for is no unhandled rejection', async () => {
  const error = notReady('the schema 7', Promise.reject(new Error('away')))
  await expect(readyAgain(error)).rejects.toThrow('away')
})

it('serdes made of others prepare those', async () => {
  const topics: string[] = []
  const inner = { ...string(), prepare: async (topic: string) => void topics.push(topic) }
  for (const serde of [sessionWindowed(inner), list(inner), change(inner)]) await serde.prepare!('orders', 'read')
  expect(topics).toEqual(['orders', 'orders', 'orders'])
  expect(prepareOf(string())).toEqual({})
  expect(list(string()).prepare).toBeUndefined()
})
