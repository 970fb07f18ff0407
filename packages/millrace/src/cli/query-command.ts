import { fromJsonForm, queryClient, QueryClientError, toJsonForm } from '@millrace/query-client'
import type { CliCommand } from './cli-command.ts'
import { LOOKING, namedPositionals, parsedOptions, text } from './parsed-options.ts'
import { UsageError } from './usage-error.ts'

const USAGE = `millrace query STORE KEY [options]

Reads the value of a key from a running application, through the query server of any of its instances (@millrace/query-server).

  --url URL     of a query server  (default http://localhost:8080)
  --as FORM     how the key is written: text or json, as {"$bigint":"12"}  (default text)
  --json        print value, timestamp, partition and source as JSON
  MILLRACE_TOKEN in the environment is the token of the server

Examples:
  millrace query counts to
  millrace query totals 12 --as json --url http://10.0.0.7:8080

The exit status is 0; 1 when there is no such key or the server refuses; 2 for a wrong command line.
`

export const queryCommand: CliCommand = {
  summary: 'read a key of a store',
  usage: USAGE,
  async run(args, { print, printError }) {
    const { values, positionals } = parsedOptions(args, { url: text, as: text, ...LOOKING })
    const [store, given] = namedPositionals(positionals, 'STORE', 'KEY')
    const { url = 'http://localhost:8080', as = 'text' } = values
    if (as !== 'text' && as !== 'json') throw new UsageError(`--as ${as} is not text or json`)
    if (!URL.canParse(url)) throw new UsageError(`--url ${url} is no URL`)
    const key = as === 'text' ? given! : fromJsonForm(parsedJson(given!))
    const token = process.env['MILLRACE_TOKEN']
    const client = queryClient({ url, ...(token !== undefined && { token }), retries: 1 })
    try {
      const found = await client.find(store!, key)
      if (found === undefined) {
        printError(`The store "${store}" has no key ${given}.`)
        return 1
      }
      const value = toJsonForm(found.value)
      print(JSON.stringify(values.json === true ? { ...found, value } : value))
      return 0
    } catch (error) {
      if (!(error instanceof QueryClientError)) throw error
      printError(error.message)
      return 1
    }
  },
}

function parsedJson(given: string): unknown {
  try {
    return JSON.parse(given) as unknown
  } catch (error) {
    throw new UsageError(`"${given}" is not JSON`, { cause: error })
  }
}
