import { test } from 'node:test'
import { smoke } from './smoke.mjs'

void test('works', smoke)
