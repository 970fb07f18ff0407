/** A message of an event stream (server-sent events). */
export interface StreamMessage {
  readonly event: string
  /** Undefined if the message does not set it. */
  readonly id: string | undefined
  /** Empty for a message that only sets the id, or keeps the connection alive. */
  readonly data: string
}

/** A longer message is no message of a query server. */
const MAX_MESSAGE = 64 << 20

/**
 * Reads the messages of an event stream.
 * @throws RangeError if a message does not end
 */
export async function* streamMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage, void, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      yield messageOf(rest.slice(0, end))
      rest = rest.slice(end + 2)
    }
    if (rest.length > MAX_MESSAGE) throw new RangeError(`a message of the event stream is longer than ${MAX_MESSAGE}`)
  }
}

/** Without the parts of the format that a query server does not use: it writes one line of data, and `\n` alone. */
function messageOf(text: string): StreamMessage {
  let event = ''
  let id: string | undefined
  let data = ''
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
    if (name === 'event') event = value
    else if (name === 'id') id = value
    else if (name === 'data') data = value
  }
  return { event, id, data }
}
