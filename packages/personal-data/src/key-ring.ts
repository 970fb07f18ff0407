import { type Clock, type CompactedTopic, millraceError, notReady, reasonOf } from '@millrace/core'
import { randomBytes } from 'node:crypto'
import { type FieldKeys, fieldKeysOf } from './field-cipher.ts'
import { type KeyRecord, printKeyRecord } from './key-record.ts'
import { keyTopic, type KeyTopicOptions } from './key-topic.ts'
import type { MasterKey } from './master-key.ts'

export interface KeyRingOptions extends KeyTopicOptions {
  /** The first one wraps new keys. */
  readonly masterKeys: readonly MasterKey[]
  readonly refreshMs: number
  readonly maxStaleMs: number
}

type WrappedKey = Extract<KeyRecord, { readonly wrapped: Buffer }>

/**
 * The keys of all persons, as the topic has them. The topic is read when the ring is opened, again every `refreshMs`, and whenever a key is
 * asked for that is not known.
 */
export class KeyRing {
  readonly #options: KeyRingOptions
  readonly #clock: Clock
  readonly #topic: CompactedTopic
  readonly #keys = new Map<string, FieldKeys>()
  readonly #subjectOf = new Map<string, string>()
  readonly #idsOf = new Map<string, string[]>()
  readonly #forgotten = new Set<string>()
  readonly #creating = new Map<string, Promise<void>>()
  /** Read, and not unwrapped yet. */
  #wrapped: WrappedKey[] = []
  #unwrapping: Promise<void> | undefined
  #opening: Promise<void> | undefined
  #readAt: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: KeyRingOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#topic = keyTopic(options, record => this.#apply(record))
  }

  /** Reads all keys. @throws MILLRACE_PERSONAL_KEYS when the master key does not fit */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async refresh(): Promise<void> {
    const began = this.#clock.monotonic()
    await this.#topic.catchUp()
    await this.#unwrapAll()
    this.#readAt = began
  }

  /** The key of a person. @throws `notReady` while there is none: it is being made, and is in the topic before it is used */
  keyFor(subject: string): FieldKeys {
    this.#checkFresh()
    const id = this.#idsOf.get(subject)?.[0]
    const keys = id === undefined ? undefined : this.#keys.get(id)
    if (keys !== undefined) return keys
    throw notReady('a key for a person', this.ensure(subject))
  }

  /** A key by its id. @throws `notReady` when the topic has to be read first */
  keyById(id: string): FieldKeys | 'forgotten' | undefined {
    this.#checkFresh()
    return this.#forgotten.has(id) ? 'forgotten' : this.#keys.get(id)
  }

  /** Makes a key for the person unless there is one. */
  ensure(subject: string): Promise<void> {
    const under = this.#creating.get(subject)
    if (under !== undefined) return under
    const started = this.#create(subject).finally(() => this.#creating.delete(subject))
    this.#creating.set(subject, started)
    return started
  }

  /** @returns the number of keys that were forgotten */
  async forget(subject: string): Promise<number> {
    await this.open()
    let count = 0
    // Again, because another process may be making a key.
    for (;;) {
      await this.refresh()
      const ids = this.#idsOf.get(subject) ?? []
      if (ids.length === 0) return count
      const forgottenAt = this.#clock.now()
      await this.#topic.write(ids.map(id => printKeyRecord({ id, forgottenAt })))
      count += ids.length
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#topic.close()
    for (const keys of this.#keys.values()) erase(keys)
    this.#keys.clear()
  }

  async #open(): Promise<void> {
    await this.#topic.create()
    await this.refresh()
    this.#timer = setInterval(() => {
      // A failure shows when the keys are too old to be used.
      this.refresh().catch(() => {})
    }, this.#options.refreshMs)
    this.#timer.unref()
  }

  #checkFresh(): void {
    if (this.#readAt === undefined) throw notReady('the keys of persons', this.open())
    if (this.#clock.monotonic() - this.#readAt > this.#options.maxStaleMs)
      throw notReady('what became of the keys of persons', this.refresh())
  }

  async #create(subject: string): Promise<void> {
    await this.open()
    await this.refresh()
    if ((this.#idsOf.get(subject) ?? []).length > 0) return
    const id = randomBytes(16).toString('base64url')
    const master = this.#options.masterKeys[0]!
    const wrapped = await master.wrap(randomBytes(32), { keyId: id, subject })
    const createdAt = this.#clock.now()
    await this.#topic.write([printKeyRecord({ id, subject, master: master.id, wrapped, createdAt })])
    await this.refresh()
  }

  #apply(record: KeyRecord): void {
    if ('wrapped' in record) {
      if (!this.#forgotten.has(record.id)) this.#wrapped.push(record)
      return
    }
    const { id } = record
    this.#forgotten.add(id)
    this.#wrapped = this.#wrapped.filter(wrapped => wrapped.id !== id)
    const keys = this.#keys.get(id)
    if (keys !== undefined) erase(keys)
    this.#keys.delete(id)
    const subject = this.#subjectOf.get(id)
    if (subject === undefined) return
    this.#subjectOf.delete(id)
    const rest = this.#idsOf.get(subject)!.filter(other => other !== id)
    if (rest.length === 0) this.#idsOf.delete(subject)
    else this.#idsOf.set(subject, rest)
  }

  /** Two that refresh at once ask the master key once. */
  async #unwrapAll(): Promise<void> {
    while (this.#wrapped.length > 0) {
      this.#unwrapping ??= this.#unwrapEach().finally(() => {
        this.#unwrapping = undefined
      })
      await this.#unwrapping
    }
  }

  async #unwrapEach(): Promise<void> {
    while (this.#wrapped.length > 0) {
      const record = this.#wrapped[0]!
      const keys = fieldKeysOf(record.id, await this.#unwrap(record))
      // It may have been forgotten while the master key was asked.
      if (this.#wrapped[0] !== record) continue
      this.#wrapped.shift()
      this.#keys.set(record.id, keys)
      this.#subjectOf.set(record.id, record.subject)
      const ids = this.#idsOf.get(record.subject) ?? []
      if (!ids.includes(record.id)) this.#idsOf.set(record.subject, [...ids, record.id])
    }
  }

  async #unwrap({ id, subject, master: masterId, wrapped }: WrappedKey): Promise<Buffer> {
    const { masterKeys, topic } = this.#options
    const master = masterKeys.find(candidate => candidate.id === masterId)
    const fail = (reason: string, cause?: unknown): Error =>
      millraceError('MILLRACE_PERSONAL_KEYS', { topic, reason }, { cause })
    if (master === undefined)
      throw fail(`the key ${id} was wrapped by the master key "${masterId}", which is not given`)
    try {
      return await master.unwrap(wrapped, { keyId: id, subject })
    } catch (error) {
      throw fail(`the master key "${masterId}" does not unwrap the key ${id} (${reasonOf(error)})`, error)
    }
  }
}

function erase({ encryption, nonce }: FieldKeys): void {
  encryption.fill(0)
  nonce.fill(0)
}
