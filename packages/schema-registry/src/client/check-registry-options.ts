import { createSecureContext } from 'node:tls'
import {
  checkNumberOptions,
  checkOptionNames,
  invalidOption,
  invalidSecret,
  isHeaderToken,
  isPlainObject,
  reasonOf,
  TIMER_RANGE,
} from '@millrace/core'

const OPTIONS = ['url', 'auth', 'timeoutMs', 'tls', 'fetch']

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkRegistryOptions(given: unknown): void {
  if (!isPlainObject(given)) throw invalidOption('options of schemaRegistry()', given, 'it takes an object with a url')
  checkOptionNames(given, OPTIONS, { otherNames: { host: 'url', baseUrl: 'url', urls: 'url', ssl: 'tls' } })
  const { url, auth, fetch } = given
  const urls = [url].flat()
  if (urls.length === 0 || !urls.every(isUrl))
    throw invalidOption('url', withoutPasswords(url), `it must be ${A_URL}, or a list of them`)
  if (auth !== undefined && urls.some(one => new URL(one as string).username !== ''))
    throw invalidSecret('auth', 'it must be left out, because the url has a user')
  if (auth !== undefined && !isAuth(auth)) throw invalidSecret('auth', 'it must be { username, password } or { token }')
  if (auth !== undefined && 'token' in (auth as object) && !isHeaderToken((auth as { token: unknown }).token))
    throw invalidSecret('auth.token', 'it must be text of printable characters without spaces')
  if (fetch !== undefined && typeof fetch !== 'function') throw invalidOption('fetch', fetch, 'it must be a function')
  if (given['tls'] !== undefined) checkTls(given['tls'], urls as string[], fetch)
  checkNumberOptions(given, { timeoutMs: TIMER_RANGE })
}

/** No message shows what was given, which may be a key. */
function checkTls(tls: unknown, urls: readonly string[], fetch: unknown): void {
  if (!isPlainObject(tls)) throw invalidSecret('tls', 'it must be options of tls.connect, such as ca, cert and key')
  if (fetch !== undefined) throw invalidSecret('tls', 'it must be left out, because fetch sends the requests')
  if (!urls.every(url => new URL(url).protocol === 'https:'))
    throw invalidSecret('tls', 'it must be left out, because a url is not one of https')
  try {
    createSecureContext(tls)
  } catch (cause) {
    throw invalidSecret('tls', `Node.js cannot use it for TLS: ${reasonOf(cause)}`)
  }
}

const A_URL = 'a URL such as http://localhost:8081, without ? and #'

function isUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  // A path of a request is put behind it.
  return /^https?:\/\/[^?#]+$/i.test(text.trim())
}

function withoutPasswords(urls: unknown): unknown {
  if (Array.isArray(urls)) return urls.map(withoutPasswords)
  return typeof urls === 'string' ? urls.replace(/[^/@]*@/, '…@') : urls
}

function isAuth(auth: unknown): boolean {
  if (!isPlainObject(auth)) return false
  if (Object.keys(auth).some(name => !['username', 'password', 'token'].includes(name))) return false
  const { username, password, token } = auth
  return (typeof username === 'string' && typeof password === 'string') !== (typeof token === 'string')
}
