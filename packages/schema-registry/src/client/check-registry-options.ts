import {
  checkNumberOptions,
  checkOptionNames,
  invalidOption,
  invalidSecret,
  isPlainObject,
  TIMER_RANGE,
} from '@millrace/core'

const OPTIONS = ['url', 'auth', 'timeoutMs', 'fetch']

/** @throws MILLRACE_CONFIG_INVALID naming the option */
export function checkRegistryOptions(given: unknown): void {
  if (!isPlainObject(given)) throw invalidOption('options of schemaRegistry()', given, 'it takes an object with a url')
  checkOptionNames(given, OPTIONS, { otherNames: { host: 'url', baseUrl: 'url', urls: 'url' } })
  const { url, auth, fetch } = given
  const urls = [url].flat()
  const wrong = urls.length === 0 ? urls : urls.find(one => !isUrl(one))
  if (wrong !== undefined || url === undefined)
    throw invalidOption('url', url, 'it must be a URL such as http://localhost:8081, or a list of them')
  if (auth !== undefined && !isAuth(auth)) throw invalidSecret('auth', 'it must be { username, password } or { token }')
  if (fetch !== undefined && typeof fetch !== 'function') throw invalidOption('fetch', fetch, 'it must be a function')
  checkNumberOptions(given, { timeoutMs: TIMER_RANGE })
}

function isUrl(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function isAuth(auth: unknown): boolean {
  if (!isPlainObject(auth)) return false
  if (Object.keys(auth).some(name => !['username', 'password', 'token'].includes(name))) return false
  const { username, password, token } = auth
  return (typeof username === 'string' && typeof password === 'string') !== (typeof token === 'string')
}
