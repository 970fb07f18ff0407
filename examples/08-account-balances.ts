/**
 * A materialized view with a page that follows it: deposits are written as events, balances are read from a table (CQRS). A client that deposits sees
 * the new balance in the answer (read your own writes), and every open page shows it at once (live query).
 *
 *     node --conditions=millrace-source examples/08-account-balances.ts
 *     KAFKA_BROKERS=localhost:9092 node --conditions=millrace-source examples/08-account-balances.ts
 *
 * It prints the address of the page, and runs until it is stopped with Ctrl+C.
 */
import { type QueryServer, queryServer } from '@millrace/query-server'
import {
  type ClientFactory,
  double,
  kafka,
  KafkaStreams,
  keyQuery,
  memoryClient,
  MemoryCluster,
  openTopics,
  type Plan,
  StreamsBuilder,
  string,
  systemClock,
} from 'millrace'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const deposits = { key: string(), value: double() }

export function accountBalances(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('deposits', deposits)
    .groupByKey()
    .aggregate(
      () => 0,
      (balance, amount) => balance + amount,
      { store: 'balances', value: double() },
    )
  return builder.build()
}

export interface BalancesPage extends AsyncDisposable {
  readonly url: string
}

/** Starts the application, its query server, and a web server for the page. */
export async function startPage(client: ClientFactory, port = 0): Promise<BalancesPage> {
  const topics = await openTopics(client)
  await topics.create({ name: 'deposits', partitions: 3 })
  const streams = new KafkaStreams(accountBalances(), {
    applicationId: 'account-balances',
    client,
    processingGuarantee: 'exactly_once',
    commitIntervalMs: 50,
  })
  await streams.start()
  // With several instances each has its query server, at its `applicationServer`. Any of them follows all partitions.
  const queries = await queryServer(streams, { port: 0, stores: ['balances'] })

  /** The command side: writes an event, and reads the balance when the table includes it. */
  const deposit = async (account: string, amount: number): Promise<number | undefined> => {
    const after = await topics.write('deposits', deposits, [{ key: account, value: amount }])
    const result = await streams.query({ store: 'balances', query: keyQuery<number>(account), after, timeoutMs: 5_000 })
    return result.onlyValue()
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(error instanceof Error ? error.message : 'it failed')
    })
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page')
    if (pathname === '/') {
      const page = await readFile(new URL('08-account-balances.html', import.meta.url))
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
    } else if (pathname === '/deposits' && request.method === 'POST') {
      const [account, amount] = [searchParams.get('account') ?? '', Number(searchParams.get('amount') ?? NaN)]
      if (account === '' || !Number.isFinite(amount)) response.writeHead(400).end('account and amount are needed')
      else response.writeHead(200).end(JSON.stringify({ account, balance: await deposit(account, amount) }))
    } else if (pathname === '/live') await pass(queries, request, response)
    else response.writeHead(404).end()
  }
  await new Promise<void>(resolve => void server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await queries.close()
      await streams.close()
      await topics[Symbol.asyncDispose]()
    },
  }
}

/** The read side: the page gets the event stream of the query server from its own origin. */
async function pass({ url }: QueryServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new AbortController()
  response.once('close', () => left.abort())
  const lastEventId = request.headers['last-event-id']
  const headers = typeof lastEventId === 'string' ? { 'last-event-id': lastEventId } : {}
  try {
    const live = await fetch(`${url}/stores/balances/live`, { headers, signal: left.signal })
    response.writeHead(live.status, { 'content-type': live.headers.get('content-type') ?? 'text/plain' })
    for await (const chunk of live.body ?? []) response.write(chunk)
    response.end()
  } catch (error) {
    if (!left.signal.aborted) throw error
  }
}

async function main(): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS']
  const client = brokers ? kafka({ brokers }) : memoryClient(new MemoryCluster({ clock: systemClock }))
  await using page = await startPage(client, Number(process.env['PORT'] ?? 0))
  console.log(`The page is at ${page.url}`)
  await new Promise<void>(resolve => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

if (import.meta.main) await main()
