import { isGivenObject, invalidOption, type GivenOptions } from '@millrace/core'
import { API_NAMES, type KafkaApi } from './api-names.ts'

/**
 * What happens to one request.
 *
 * - `cut-request`: the connection closes, and the broker never gets the request.
 * - `cut-response`: the broker carries the request out, and the connection closes before the answer arrives.
 * - `delay-request`, `delay-response`: it arrives `ms` later, as does all that follows on its connection.
 * - `swallow-request`: the request, and all that follow on its connection, reach nobody. The connection stays open.
 * - `swallow-response`: the broker carries the request out. Its answer, and all that follow on its connection, reach nobody.
 * - `duplicate-request`: a copy reaches the broker over a connection of its own, `ms` after the request. Its answer reaches nobody.
 */
export type ProxyFault =
  | { readonly kind: 'cut-request' | 'cut-response' | 'swallow-request' | 'swallow-response' }
  | { readonly kind: 'delay-request' | 'delay-response' | 'duplicate-request'; readonly ms: number }

export type ProxyFaultKind = ProxyFault['kind']

/** Which requests a fault meets. */
export interface ProxyRule {
  /** The requests by name; all if omitted. */
  readonly api?: KafkaApi | readonly KafkaApi[]
  readonly fault: ProxyFault
  /** How many of these requests pass first. @default 0 */
  readonly skip?: number
  /** How many requests it meets, then it is over. `Infinity` is allowed. @default 1 */
  readonly times?: number
  /** How likely it meets a request, 0 to 1. @default 1 */
  readonly probability?: number
  /** Only requests of clients whose client id contains this text. @default all */
  readonly clientId?: string
}

const KINDS: Readonly<Record<ProxyFaultKind, 'ms' | 'no ms'>> = {
  'cut-request': 'no ms',
  'cut-response': 'no ms',
  'swallow-request': 'no ms',
  'swallow-response': 'no ms',
  'delay-request': 'ms',
  'delay-response': 'ms',
  'duplicate-request': 'ms',
}
const APIS = new Set<unknown>(Object.values(API_NAMES))
const MAX_MS = 2 ** 31 - 1

/** @throws MILLRACE_CONFIG_INVALID naming what is wrong with the rule */
export function checkRule(rule: ProxyRule): void {
  const given: unknown = rule
  if (!isGivenObject(given)) throw invalidOption('rule', given, 'it must be an object such as { api, fault }')
  checkFault(given['fault'])
  for (const api of given['api'] === undefined ? [] : [given['api']].flat()) {
    if (!APIS.has(api)) throw invalidOption('api', api, 'it must be the name of a request, such as EndTxn')
  }
  const { skip = 0, times = 1, probability = 1, clientId = '' } = given
  if (!Number.isSafeInteger(skip) || Number(skip) < 0) throw invalidOption('skip', skip, 'it must be a whole number')
  if (times !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(times) && Number(times) > 0))
    throw invalidOption('times', times, 'it must be a whole number from 1, or Infinity')
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1))
    throw invalidOption('probability', probability, 'it must be a number from 0 to 1')
  if (typeof clientId !== 'string') throw invalidOption('clientId', clientId, 'it must be a text')
}

function checkFault(fault: unknown): void {
  const { kind, ms }: GivenOptions = isGivenObject(fault) ? fault : {}
  const needs = KINDS[kind as ProxyFaultKind]
  if (needs === undefined) throw invalidOption('fault.kind', kind, `it must be one of ${Object.keys(KINDS).join(', ')}`)
  if (needs === 'no ms') return
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= MAX_MS))
    throw invalidOption('fault.ms', ms, `it must be a number of milliseconds up to ${MAX_MS}`)
}

/** A rule and how often it has met a request. */
export class ActiveRule {
  readonly #apis: ReadonlySet<string> | undefined
  readonly #rule: ProxyRule
  #skips: number
  #left: number

  constructor(rule: ProxyRule) {
    this.#rule = rule
    this.#apis = rule.api === undefined ? undefined : new Set<string>([rule.api].flat())
    this.#skips = rule.skip ?? 0
    this.#left = rule.times ?? 1
  }

  /** The fault, when it meets this request. */
  meet(api: string, clientId: string, random: () => number): ProxyFault | undefined {
    if (this.#left <= 0 || (this.#apis !== undefined && !this.#apis.has(api))) return undefined
    if (this.#rule.clientId !== undefined && !clientId.includes(this.#rule.clientId)) return undefined
    if (this.#skips > 0) {
      this.#skips -= 1
      return undefined
    }
    if (random() >= (this.#rule.probability ?? 1)) return undefined
    this.#left -= 1
    return this.#rule.fault
  }
}
