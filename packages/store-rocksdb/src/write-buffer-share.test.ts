import { expect, it } from 'vitest'
import { writeBufferShare } from './write-buffer-share.ts'

const MIB = 1024 * 1024

it.each([
  [256, 0, 32],
  [256, 3, 32],
  [256, 7, 16],
  [1, 0, 2],
  [4096, 0, 64],
])('of %i MiB, with %i databases open, the next gets write buffers of %i MiB', (memory, open, share) => {
  expect(writeBufferShare(memory * MIB, open)).toBe(share * MIB)
})
