import { expect, it } from 'vitest'
import { propertiesText } from './properties-text.ts'

it('writes a line each and keeps what a properties file would swallow', () => {
  const text = propertiesText({ 'log.dirs': 'C:\\kafka\\data', two: 'a\nb', empty: '' })
  expect(text).toBe('log.dirs=C:\\\\kafka\\\\data\ntwo=a\\nb\nempty=\n')
})
