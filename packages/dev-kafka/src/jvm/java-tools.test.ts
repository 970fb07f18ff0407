import { expect, it } from 'vitest'
import { javaMajorVersion } from './java-tools.ts'

it.each([
  ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
  ['java version "1.8.0_202"', 8],
  ['openjdk version "21" 2023-09-19', 21],
  ['openjdk version "25-ea" 2025-09-16', 25],
  ['The operation could not be completed', undefined],
])('reads %j as Java %s', (printed, major) => {
  expect(javaMajorVersion(printed)).toBe(major)
})
