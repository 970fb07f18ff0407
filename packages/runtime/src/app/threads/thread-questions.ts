import { millraceError, type PartitionResult, QueryResult } from '@millrace/core'
import type { QueryRequest } from '../../query/query-request.ts'
import { unpackError } from './crossing-error.ts'
import { type Answers, mergedAnswers } from './merged-answers.ts'
import type { FromThread } from './messages.ts'
import { checkCopied } from './remote-views.ts'
import type { Thread } from './thread.ts'
import type { ViewRequest } from './view-messages.ts'

type AnswerMessage = Extract<FromThread, { readonly type: 'answer' | 'viewed' | 'no-answer' }>

/** What is asked of the stores of threads, until they have answered. */
export class ThreadQuestions {
  readonly #views = new Map<number, { readonly thread: Thread; readonly answer: PromiseWithResolvers<unknown> }>()
  readonly #queries = new Map<number, Map<Thread, PromiseWithResolvers<Answers>>>()
  #last = 0

  async query<R>(threads: readonly Thread[], request: QueryRequest<R>): Promise<QueryResult<R>> {
    checkCopied(request.store, request)
    const call = ++this.#last
    const asked = new Map(threads.map(thread => [thread, Promise.withResolvers<Answers>()]))
    this.#queries.set(call, asked)
    try {
      for (const { handle } of asked.keys()) handle.post({ type: 'query', call, request })
      const answers = await Promise.all([...asked.values()].map(({ promise }) => promise))
      return new QueryResult(request.store, mergedAnswers(answers) as ReadonlyMap<number, PartitionResult<R>>)
    } finally {
      this.#queries.delete(call)
    }
  }

  async askView(thread: Thread, runs: boolean, request: ViewRequest): Promise<unknown> {
    const call = ++this.#last
    const answer = Promise.withResolvers<unknown>()
    this.#views.set(call, { thread, answer })
    try {
      if (runs) thread.handle.post({ type: 'view', call, request })
      else answer.reject(millraceError('MILLRACE_STORE_CLOSED', { operation: request.do, object: 'store' }))
      return await answer.promise
    } finally {
      this.#views.delete(call)
    }
  }

  onAnswer(thread: Thread, message: AnswerMessage): void {
    const query = this.#queries.get(message.call)?.get(thread)
    const view = this.#views.get(message.call)?.answer
    if (message.type === 'answer') return query?.resolve(message.answers)
    if (message.type === 'viewed') return view?.resolve(message.value)
    view?.reject(unpackError(message.error))
    query?.reject(unpackError(message.error))
  }

  /** What it has had is on no thread now. */
  onExit(thread: Thread): void {
    for (const asked of this.#queries.values()) asked.get(thread)?.resolve([])
    const object = `store of thread ${thread.number}`
    const closed = millraceError('MILLRACE_STORE_CLOSED', { operation: 'A read', object })
    for (const asked of this.#views.values()) if (asked.thread === thread) asked.answer.reject(closed)
  }
}
