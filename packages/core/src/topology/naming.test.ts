import { describe, expect, it } from 'vitest'
import { checkedName, createNames } from './naming.ts'

describe('generated names', () => {
  it('count up over all prefixes, spending a number where a name is given too', () => {
    const names = createNames()
    expect(names.processor('KSTREAM-SOURCE-')).toBe('KSTREAM-SOURCE-0000000000')
    expect(names.store('KSTREAM-AGGREGATE-')).toBe('KSTREAM-AGGREGATE-STATE-STORE-0000000001')
    expect(names.processorOr('mine', 'KSTREAM-MAP-')).toBe('mine')
    expect(names.processorOr(undefined, 'KSTREAM-MAP-')).toBe('KSTREAM-MAP-0000000003')
  })
})

describe('given names', () => {
  it.each(['a', 'A.b_c-9', '...', 'x'.repeat(249)])('may be %s', name => {
    expect(checkedName(name, 'operator')).toBe(name)
  })

  it.each([
    ['', 'it is empty'],
    ['.', 'must not be'],
    ['..', 'must not be'],
    ['x'.repeat(250), '250 characters'],
    ['a b', 'only ASCII letters'],
    ['größe', 'only ASCII letters'],
    ['a/b', 'only ASCII letters'],
  ])('may not be "%s"', (name, reason) => {
    expect(() => checkedName(name, 'store')).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_TOPOLOGY_NAME_INVALID',
        message: expect.stringContaining(reason) as string,
      }),
    )
  })
})
