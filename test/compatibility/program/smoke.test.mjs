// For Jest and vitest, whose `test` is global.
import { smoke } from './smoke.mjs'

test('works', smoke, 60_000)
