/**
 * Every error that Millrace raises, in one table. `docs/errors.md` is generated from it.
 *
 * A code is `MILLRACE_AREA_REASON` and is never reused. `message` may hold `{placeholders}`, and their names are
 * checked by the type of `millraceError`. `hint` says what the reader of a log should do next.
 *
 * Kinds: `config` and `topology` are the caller's to mend before a restart; `record` concerns one record and goes by
 * policy; `retriable` goes away by itself; `fenced` means that another instance owns the work now; `fatal` stops the
 * application; `bug` is ours.
 */
export const ERROR_TABLE = {
  MILLRACE_CLIENT_UNSUPPORTED: {
    kind: 'config',
    message: 'The Kafka client "{client}" cannot do {feature}',
    hint: 'Choose a client whose capabilities include it, or change the configuration that asks for it.',
  },
  MILLRACE_CLIENT_UNAVAILABLE: {
    kind: 'retriable',
    message: 'No Kafka broker answers at {brokers}: {reason}',
    hint: 'Check that the brokers run and that the addresses and ports are right. Millrace keeps trying.',
  },
  MILLRACE_CLIENT_TIMEOUT: {
    kind: 'retriable',
    message: '{operation} got no answer within {timeoutMs} ms',
    hint: 'The broker is slow or unreachable. Millrace tries again; if it persists, look at the broker.',
  },
  MILLRACE_CLIENT_CLOSED: {
    kind: 'bug',
    message: '{operation} was called on a closed {object}',
    hint: 'This is a defect in the caller: nothing may be sent after close().',
  },
  MILLRACE_CLIENT_REQUEST_FAILED: {
    kind: 'fatal',
    message: '{operation} failed: {reason}',
    hint: 'The broker refused the request for good. The reason names what to change.',
  },
  MILLRACE_TOPIC_MISSING: {
    kind: 'config',
    message: 'The topic "{topic}" does not exist',
    hint: 'Create it, or correct the name in the topology: Millrace creates internal topics only.',
  },
  MILLRACE_TOPIC_EXISTS: {
    kind: 'config',
    message: 'The topic "{topic}" exists already',
    hint: 'Use the topic that is there, or choose another name.',
  },
  MILLRACE_OFFSET_OUT_OF_RANGE: {
    kind: 'retriable',
    message: 'Offset {offset} of {topic}-{partition} is out of range ({earliest} to {latest})',
    hint: 'The topic lost records to retention, or was made anew. The position is reset by policy.',
  },
  MILLRACE_OFFSETS_UNSTABLE: {
    kind: 'retriable',
    message: 'Committed offsets of group "{groupId}" are held by an open transaction',
    hint: 'Nothing to do: they are asked for again until the transaction ends.',
  },
  MILLRACE_BATCH_UNREADABLE: {
    kind: 'fatal',
    message: 'The record batch at offset {offset} cannot be read: {reason}',
    hint: 'The bytes on the broker or on the way are damaged, or of a kind that this client does not know.',
  },
  MILLRACE_PRODUCE_RECORD_TOO_LARGE: {
    kind: 'record',
    message: 'A record of {bytes} bytes for "{topic}" is larger than the {limit} bytes allowed',
    hint: 'Raise max.message.bytes of the topic and maxRequestBytes of the client, or make the record smaller.',
  },
  MILLRACE_PRODUCE_FAILED: {
    kind: 'fatal',
    message: 'Producing to {topic}-{partition} failed: {reason}',
    hint: 'No offset was committed past the lost record. Mend the cause and start again.',
  },
  MILLRACE_TRANSACTION_ABORTABLE: {
    kind: 'retriable',
    message: 'The transaction "{transactionalId}" has to be aborted: {reason}',
    hint: 'Millrace aborts it, goes back to the last committed offsets and tries again.',
  },
  MILLRACE_TRANSACTION_UNKNOWN: {
    kind: 'retriable',
    message: 'Whether the transaction "{transactionalId}" was committed is unknown: {reason}',
    hint: 'Millrace replaces the producer and takes the broker\'s word for the outcome.',
  },
  MILLRACE_PRODUCER_FENCED: {
    kind: 'fenced',
    message: 'The producer "{transactionalId}" was fenced: a newer instance uses its transactional id',
    hint: 'Nothing to do: the tasks are closed without a commit and the instance joins again.',
  },
  MILLRACE_GROUP_FENCED: {
    kind: 'fenced',
    message: 'The member of group "{groupId}" is no longer valid: {reason}',
    hint: 'Nothing to do: the tasks are closed without a commit and the instance joins again.',
  },
  MILLRACE_SERDE_DECODE: {
    kind: 'record',
    message: 'Bytes could not be decoded as {serde}: {reason}',
    hint: 'The record goes by the policy onBadRecord. Check which producer writes other bytes to the topic.',
  },
  MILLRACE_SERDE_ENCODE: {
    kind: 'record',
    message: 'A value could not be encoded as {serde}: {reason}',
    hint: 'The value does not fit the serde. Choose another serde or convert the value first.',
  },
  MILLRACE_STORE_CORRUPT: {
    kind: 'retriable',
    message: 'The store in {directory} cannot be read: {reason}',
    hint: 'Nothing to do: the directory is moved aside and the state restored from the changelog.',
  },
  MILLRACE_STORE_LOCKED: {
    kind: 'config',
    message: 'The state directory {directory} is in use by another process',
    hint: 'Give each process of this application on this machine a stateDir of its own, or end the other process.',
  },
  MILLRACE_STORE_UNKNOWN: {
    kind: 'topology',
    message: 'There is no store "{store}"',
    hint: 'Add it with addStateStore, connect it to the processor by name, or correct the name.',
  },
} as const satisfies Record<`MILLRACE_${string}`, ErrorRow>

export interface ErrorRow {
  readonly kind: ErrorKind
  readonly message: string
  readonly hint: string
}

export type ErrorKind = 'config' | 'topology' | 'record' | 'retriable' | 'fenced' | 'fatal' | 'bug'
