import * as console from '@millrace/console'
import { isMillraceError } from '@millrace/core'
import * as openTelemetry from '@millrace/opentelemetry'
import * as personalData from '@millrace/personal-data'
import * as queryClient from '@millrace/query-client'
import * as queryServer from '@millrace/query-server'
import * as schemaRegistry from '@millrace/schema-registry'
import * as jsonSchema from '@millrace/schema-registry/json-schema'
import * as protobuf from '@millrace/schema-registry/protobuf'
import * as millrace from 'millrace'
import * as testing from 'millrace/testing'
import { expect, it } from 'vitest'

/* Each function and class that the packages export, called with what it cannot use: it says so by name, and is no TypeError from within. */

const PACKAGES: Readonly<Record<string, object>> = {
  millrace,
  'millrace/testing': testing,
  console,
  'open-telemetry': openTelemetry,
  'personal-data': personalData,
  'query-client': queryClient,
  'query-server': queryServer,
  'schema-registry': schemaRegistry,
  'schema-registry/json-schema': jsonSchema,
  'schema-registry/protobuf': protobuf,
}

/** What users get and never make. */
const MADE_INSIDE = ['MillraceError', 'QueryClientError', 'QueryResult', 'MillraceConsole']
/** What is called for each record, with what the engine gives. */
const OF_RECORDS = ['recordTime', 'correctedDeviceTime']
const LEFT_OUT = new Set([...MADE_INSIDE, ...OF_RECORDS])

const USELESS: readonly (readonly [string, readonly unknown[]])[] = [
  ['nothing', []],
  ['null', [null]],
  ['a number', [5]],
  ['a text', ['x']],
  ['an empty object', [{}]],
  ['an empty array', [[]]],
  ['an array of null', [[null]]],
  ['a symbol', [Symbol('s')]],
  ['a function', [() => 1]],
  ['undefined, null and a number', [undefined, null, 5]],
]

type Anything = (new (...given: readonly unknown[]) => unknown) & ((...given: readonly unknown[]) => unknown)

const exported = Object.entries(PACKAGES).flatMap(([from, module]) =>
  Object.entries(module)
    .filter(([name, value]) => typeof value === 'function' && !LEFT_OUT.has(name))
    .map(([name, value]) => ({ from, name, call: value as Anything })),
)

it.each(exported)('$from: $name says what it cannot use', async ({ call }) => {
  const wrong: string[] = []
  for (const [what, given] of USELESS) {
    let made: unknown
    try {
      made = await (/^class\b/.test(Function.prototype.toString.call(call)) ? new call(...given) : call(...given))
    } catch (error) {
      const says = isMillraceError(error) || error instanceof queryClient.QueryClientError
      // A value that is none of JSON is said in the words of JSON.stringify.
      if (!says && !(call === queryClient.toJsonForm)) wrong.push(`${what}: ${String(error)}`)
    }
    if (made instanceof Object && Symbol.asyncDispose in made) await (made as AsyncDisposable)[Symbol.asyncDispose]()
  }
  expect(wrong).toEqual([])
})

it.each([5, null, {}, 'tracer'])(
  'otelTracer and observeMetrics refuse %j in the place of what OpenTelemetry gives',
  given => {
    const refused = /MILLRACE_ARGUMENT_INVALID/
    expect(() => openTelemetry.otelTracer(given as never)).toThrow(refused)
    expect(() => openTelemetry.observeMetrics({ metrics: () => [] }, given as never)).toThrow(refused)
  },
)
