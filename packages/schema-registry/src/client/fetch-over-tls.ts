import { Agent, type AgentOptions, request } from 'node:https'

/** Options of Node's `tls.connect`. */
export type RegistryTls = Pick<
  AgentOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'pfx'
  | 'servername'
  | 'rejectUnauthorized'
  | 'minVersion'
  | 'maxVersion'
  | 'crl'
>

/** A `fetch` that takes options of TLS, which Node's own does not. It follows no redirects. */
export function fetchOverTls(tls: RegistryTls): (url: string, init: RequestInit) => Promise<Response> {
  const agent = new Agent({ ...tls, keepAlive: true })
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options = {
        agent,
        method: method ?? 'GET',
        headers: Object.fromEntries(new Headers(headers)),
        ...(signal != null && { signal }),
      }
      const sent = request(url, options, answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => void chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          try {
            resolve(new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status: answer.statusCode! }))
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
          }
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}
