import { request } from 'node:https'
import { localhost } from './localhost-certificate.fixture.ts'

/** `fetch` cannot be told whom to trust. */
export async function getOverTls(
  url: string,
  token?: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return await new Promise((resolve, reject) => {
    const asked = request(url, { ca: localhost.cert, headers }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => void (text += part))
      response.on('end', () => resolve({ status: response.statusCode!, text }))
    })
    asked.on('error', reject).end()
  })
}
