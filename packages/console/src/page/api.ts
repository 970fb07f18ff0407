import type { ErrorAnswer } from '../answers.ts'

const TOKEN = 'millrace-console-token'

/** The token comes behind the `#` of the address, which browsers do not send, and is kept for this tab. */
export function takeToken(): void {
  const found = /^#token=([\w-]+)$/.exec(location.hash)
  if (found === null) return
  sessionStorage.setItem(TOKEN, found[1]!)
  history.replaceState(null, '', '#/overview')
}

export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN, token)
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null
}

export class ApiError extends Error {
  readonly code: string
  readonly hint: string
  readonly status: number

  constructor(status: number, { error }: ErrorAnswer) {
    super(error.message)
    this.status = status
    this.code = error.code
    this.hint = error.hint
  }
}

/** Asks the server. @throws ApiError */
export async function ask<T>(path: string, body?: unknown): Promise<T> {
  const token = sessionStorage.getItem(TOKEN)
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    cache: 'no-store',
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new ApiError(response.status, errorOf(text))
  return JSON.parse(text) as T
}

/**
 * A question that may be asked again before it is answered. Answers arrive in any order, so only that of the newest
 * question is shown.
 */
export function newestOnly<Question, Answer>(
  answerTo: (question: Question) => Promise<Answer>,
  show: (answer: Answer, question: Question) => void,
  fail: (error: unknown) => void,
): (question: Question) => Promise<void> {
  let newest = 0
  return async question => {
    const mine = ++newest
    try {
      const answer = await answerTo(question)
      if (mine === newest) show(answer, question)
    } catch (error) {
      if (mine === newest) fail(error)
    }
  }
}

/** What is asked again and again, each time only when the last answer is there. */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= work().finally(() => (running = undefined)))
}

function errorOf(text: string): ErrorAnswer {
  try {
    return JSON.parse(text) as ErrorAnswer
  } catch {
    return { error: { code: '', message: 'The server gave no answer that this page understands.', hint: '' } }
  }
}
