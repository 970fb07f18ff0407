import { once } from 'node:events'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CliCommand } from './cli-command.ts'
import { optionalPackage } from './optional-package.ts'
import { namedPositionals, parsedOptions, text, wholeNumber } from './parsed-options.ts'
import { sliceTest } from './slice-test.ts'
import { applicationTarget, TARGET_OPTIONS, TARGET_USAGE } from './target.ts'
import { untilSignal } from './until-signal.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace console MODULE [options]

Serves a page that shows the application: its topology with rates and lag, tasks, topics and dead letters. It asks Kafka, and the
application does not notice. Only this machine reaches it, with the token that is in the printed address.

${TARGET_USAGE}
  --dead-letter-topic NAME     (default: as the application of the MODULE says)
  --query-server URL           of an instance of the application, to read stores; MILLRACE_TOKEN is its token
  --port N                     (default: a free one)
  --json                       print the address as JSON

Examples:
  millrace console app.ts
  millrace console plan.ts --application-id word-count --bootstrap-server localhost:9092 --query-server http://localhost:8080

It ends with Ctrl-C. The exit status is 0; 1 when the port is taken; 2 for a wrong command line.
`

const OPTIONS = {
  ...TARGET_OPTIONS,
  'dead-letter-topic': text,
  'query-server': text,
  port: text,
  json: { type: 'boolean' },
} as const

export const consoleCommand: CliCommand = {
  summary: 'a page that shows what an application does',
  usage: USAGE,
  async run(args, { print, signal }) {
    const { values, positionals } = parsedOptions(args, OPTIONS)
    const [module] = namedPositionals(positionals, 'MODULE')
    const port = values.port === undefined ? 0 : wholeNumber('--port', values.port)
    const { 'query-server': url, 'dead-letter-topic': deadLetterTopic } = values
    if (url !== undefined && !URL.canParse(url)) throw new UsageError(`--query-server ${url} is no URL`)
    const { plan, applicationId, factory, options, planOf } = await applicationTarget(module!, values)
    const { serveConsole } = await optionalPackage('@millrace/console', () => import('@millrace/console'))
    const token = process.env['MILLRACE_TOKEN']
    using stop = untilSignal()
    const ended = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
    const served = await serveConsole({
      plan,
      applicationId,
      client: factory,
      port,
      sliceTest: ({ topic, records }) =>
        sliceTest({
          plan,
          applicationId,
          options,
          module: pathToFileURL(resolve(module!)).href,
          planOf,
          topic,
          records,
        }),
      ...(options !== undefined && { options }),
      ...(deadLetterTopic !== undefined && { deadLetterTopic }),
      ...(url !== undefined && { queryServer: { url, ...(token !== undefined && { token }) } }),
    })
    print(values.json === true ? JSON.stringify({ url: served.url }) : served.url)
    if (!ended.aborted) await once(ended, 'abort')
    await served.close()
    return 0
  },
}
