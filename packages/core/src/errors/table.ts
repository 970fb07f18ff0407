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
    hint: 'Check that the brokers run and that the addresses and ports are right. A running application keeps trying.',
  },
  MILLRACE_CLIENT_NOT_YET: {
    kind: 'retriable',
    message: '{operation} is not possible yet: {reason}',
    hint: 'Nothing to do: it is tried again. Leaders and coordinators are elsewhere for a moment when a broker starts or stops.',
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
  MILLRACE_CLIENT_UNEXPECTED: {
    kind: 'retriable',
    message: '{operation} failed, for a reason that the client does not know: {reason}',
    hint: 'It is tried again. If it persists, check that a Kafka broker listens at the address, and look at the cause.',
  },
  MILLRACE_CLIENT_NOT_ADMITTED: {
    kind: 'config',
    message: 'The brokers at {brokers} and this client cannot agree on a secured connection: {reason}',
    hint: 'Correct the credentials (sasl) or certificates (ssl) of the client, or the listener to which it connects.',
  },
  MILLRACE_CLIENT_NOT_AUTHORIZED: {
    kind: 'config',
    message: '{operation} is not allowed: the principal lacks a right on {resource} ({reason})',
    hint: 'Give the principal the right on the broker (kafka-acls). docs/operations.md lists those that an application needs.',
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
    message: 'Committed offsets of group "{groupId}" for {partitions} wait for the end of {transaction}',
    hint: 'Millrace asks again until the transaction ends: by its producer, or by its timeout. If that takes longer than the timeout, see "Hanging transactions" in docs/operations.md.',
  },
  MILLRACE_BATCH_UNREADABLE: {
    kind: 'fatal',
    message: 'The record batch at offset {offset} cannot be read: {reason}',
    hint: 'The bytes on the broker or on the way are damaged, or of a kind that this client does not know.',
  },
  MILLRACE_DECOMPRESSION_FAILED: {
    kind: 'fatal',
    message: '{bytes} bytes of {codec} cannot be decompressed: {reason}',
    hint: 'The bytes on the broker are damaged, or stand for more than a batch may hold. Find out which producer wrote them.',
  },
  MILLRACE_TOPIC_NOT_COPARTITIONED: {
    kind: 'topology',
    message: 'The topics that {operator} joins need equal partition counts, but {topics}',
    hint: 'Create "{topic}" with {partitions} partitions, or put a repartition of {partitions} partitions before the join.',
  },
  MILLRACE_TOPIC_PARTITIONS_CHANGED: {
    kind: 'config',
    message: 'The internal topic "{topic}" has {actual} partitions, but this topology needs {expected}',
    hint: 'Another topology uses this applicationId, or an input topic has grown. Choose another id, or reset the application.',
  },
  MILLRACE_TOPIC_GROWN: {
    kind: 'config',
    message: 'The topic {topics} has grown from {before} to {after} partitions, but "{internal}" has {before}',
    hint: 'Records of a key may come to another partition than before, while its state stays where it is. Copy the input into a topic of the new size and read that with another applicationId; or reset the application, delete its internal topics, and begin anew.',
  },
  MILLRACE_PROCESSING_FAILED: {
    kind: 'fatal',
    message: '{operator} failed on {topic}-{partition} at offset {offset} (task {task}): {reason}',
    hint: 'Mend the function or the data. To go on without such records set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_ASYNC_FAILED: {
    kind: 'record',
    message:
      '{operator} failed for the key {key} of {topic}-{partition} at offset {offset}, attempt {attempts}: {reason}',
    hint: 'The record goes by the policy onBadRecord. Give mapValuesAsync more attempts (retry), or mend what it calls.',
  },
  MILLRACE_ASYNC_TIMEOUT: {
    kind: 'record',
    message: 'no result within {timeoutMs} ms',
    hint: 'Raise timeoutMs of mapValuesAsync, or find out why what it calls is slow.',
  },
  MILLRACE_ASYNC_UNFINISHED: {
    kind: 'retriable',
    message:
      '{count} calls of {operator} have not ended within {waitMs} ms, the oldest for offset {offset} of {topic}-{partition}',
    hint: 'Nothing to do: their records are processed again. Shorten timeoutMs or retry of mapValuesAsync where it happens often.',
  },
  MILLRACE_APPLICATION_SHUTDOWN: {
    kind: 'fatal',
    message: 'Another instance of "{applicationId}" has failed and asked for the end of all of them',
    hint: 'Look for the instance whose log says why. Mend that, and start all of them again; what was processed is committed.',
  },
  MILLRACE_CONFIG_INVALID: {
    kind: 'config',
    message: 'The option {option} is {value}, but {expected}',
    hint: 'Correct the option; docs/configuration.md lists all of them.',
  },
  MILLRACE_TOPOLOGY_TOPICS_COLLIDE: {
    kind: 'topology',
    message: 'The topics "{first}" and "{second}" differ in "." and "_" only, which brokers refuse',
    hint: 'Rename one of them, or the store or operator after which an internal topic is named.',
  },
  MILLRACE_SINK_TOPIC: {
    kind: 'record',
    message: 'The topic that was chosen for the record is {topic}: {reason}',
    hint: 'Give the name of a topic that exists: up to 249 of A-Z, a-z, 0-9, ".", "_" and "-".',
  },
  MILLRACE_STATE_STARTED: {
    kind: 'config',
    message: 'start() was called, but the application is {state}',
    hint: 'An application starts once. After close() make a new KafkaStreams.',
  },
  MILLRACE_STATE_TRANSITION: {
    kind: 'bug',
    message: 'The application cannot go from {from} to {to}',
    hint: 'This is a defect of Millrace: please report it with the log.',
  },
  MILLRACE_TIMESTAMP_INVALID: {
    kind: 'record',
    message: 'The timestamp {timestamp} is negative, or no number of milliseconds',
    hint: 'Give the source a timestampExtractor, or let the producer set timestamps.',
  },
  MILLRACE_GROUP_KEY_MISSING: {
    kind: 'record',
    message: 'The aggregation {operator} of a grouped table got a change without a key',
    hint: 'Only Millrace and Kafka Streams write to its repartition topic, and neither without a key: find who else does.',
  },
  MILLRACE_OFFSET_RESET_NONE: {
    kind: 'config',
    message:
      'The group has no usable offset of {topic}-{partition} (committed: {committed}; the log has {earliest} to {latest})',
    hint: 'The source says offsetReset: "none". Commit an offset for the group, or say where to start.',
  },
  MILLRACE_SUPPRESS_BUFFER_FULL: {
    kind: 'fatal',
    message: 'The buffer of {operator} is full: {records} records, {bytes} bytes',
    hint: 'Raise maxRecords or maxBytes, or with until: "time-limit" let results go early. Nothing is lost; a restart goes on here.',
  },
  MILLRACE_FUNCTION_RESULT: {
    kind: 'record',
    message: 'The function of {operator} gave {result} for the record with key {key}, but it has to give {needed}',
    hint: 'Look for a branch of the function that returns nothing or something else. With onBadRecord "continue" or a dead-letter topic such records are left out.',
  },
  MILLRACE_STORE_ENCODE: {
    kind: 'record',
    message: 'The {part} of an entry of the store "{store}" cannot be encoded: {reason}',
    hint: 'Give the store the serdes of what is put into it, or convert it first.',
  },
  MILLRACE_STORE_UNDEFINED: {
    kind: 'record',
    message: 'The store "{store}" was given undefined as {part}',
    hint: 'A key must not be undefined. To delete an entry, call delete or put null.',
  },
  MILLRACE_PROCESSOR_CHILD: {
    kind: 'record',
    message: '{operator} forwards to "{child}", which is none of its children: {children}',
    hint: 'Name a node that has this processor as its parent, or none to reach all of them.',
  },
  MILLRACE_CONTEXT_OUTLIVED: {
    kind: 'record',
    message: '{operator} uses {what} after the call has ended for which it was meant',
    hint: 'Await what the function begins, or return its promise: what comes after it has ended belongs to no record. A callback of a library that loses its call is bound to it by AsyncResource.bind of node:async_hooks.',
  },
  MILLRACE_SINK_PARTITION: {
    kind: 'record',
    message: 'The partitioner chose partition {partition} of "{topic}", which has {partitions}',
    hint: 'A partitioner has to give whole numbers from 0 to partitions - 1.',
  },
  MILLRACE_PROCESSING_TIMEOUT: {
    kind: 'record',
    message:
      '{operator} took longer than {timeoutMs} ms over the record with key {key} at offset {offset} of {topic}-{partition}',
    hint: 'The record goes by the policy onBadRecord. Raise processingTimeoutMs if the work may take so long; many calls at a time belong in mapValuesAsync.',
  },
  MILLRACE_PROCESSOR_FAILED: {
    kind: 'fatal',
    message: 'The processor {operator} failed in {hook}(): {reason}',
    hint: 'Correct the function. What it concerns is no record, so onBadRecord does not decide about it.',
  },
  MILLRACE_PROCESSOR_ABANDONED: {
    kind: 'record',
    message: 'The processor {operator} uses {what} for a record that was given up because it took too long',
    hint: 'Another processor has taken its place. Raise processingTimeoutMs if the work may take so long.',
  },
  MILLRACE_STORE_NOT_CONNECTED: {
    kind: 'topology',
    message: 'The processor {operator} asks for the store "{store}", to which it is not connected',
    hint: 'Name it in the "stores" option of process or processValues.',
  },
  MILLRACE_BRANCH_MISSING: {
    kind: 'record',
    message: 'No branch of {operator} takes the record, though they were said to be exhaustive',
    hint: 'The record has no value, or one that its type does not know. Add a branch, or end split with defaultBranch.',
  },
  MILLRACE_PROCESSOR_KEY_CHANGED: {
    kind: 'record',
    message: 'The processor {operator} was given to processValues but forwards another key',
    hint: 'Forward the key of the record at hand, or spread a record that was kept (...record) into the one that you forward; to change keys use process, after which the stream is repartitioned where needed.',
  },
  MILLRACE_TRANSFORMER_FORWARD: {
    kind: 'topology',
    message: 'The transformer {operator} forwards, but a table has one value for each key',
    hint: 'Return the new value. To forward any number of records use toStream().process(…).',
  },
  MILLRACE_PUNCTUATION_INTERVAL: {
    kind: 'topology',
    message: 'The processor {operator} schedules each {intervalMs} ms',
    hint: 'Give a whole number of milliseconds, at least 1.',
  },
  MILLRACE_PRODUCE_RECORD_TOO_LARGE: {
    kind: 'record',
    message: 'A record of {bytes} bytes for "{topic}" is larger than the {limit} bytes allowed',
    hint: 'Raise max.message.bytes of the topic and maxRequestBytes of the application, or make the record smaller. With onBadRecord "continue" or a dead-letter topic such records are left out.',
  },
  MILLRACE_PRODUCE_TIMESTAMP: {
    kind: 'record',
    message: 'The timestamp {timestamp} is {distanceMs} ms {where} the clock, and "{topic}" takes {limitMs} ms',
    hint: 'Correct the timestamp (a timestampExtractor), or raise {setting} of the topic. With onBadRecord "continue" or a dead-letter topic such records are left out.',
  },
  MILLRACE_PRODUCE_RECORD_REFUSED: {
    kind: 'record',
    message: 'The brokers refuse a record for {topic}-{partition}: {reason}',
    hint: 'The reason names what the topic does not take. With onBadRecord "continue" or a dead-letter topic such records are left out.',
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
    hint: "Millrace replaces the producer and takes the broker's word for the outcome.",
  },
  MILLRACE_TRANSACTION_HANGING: {
    kind: 'retriable',
    message:
      'A transaction of "{transactionalId}" has ended without markers in {partitions}, and how it ended is not known any more',
    hint: 'A broker has lost its markers (KAFKA-20734). Millrace waits until they are written: see "Hanging transactions" in docs/operations.md.',
  },
  MILLRACE_PRODUCER_FENCED: {
    kind: 'fenced',
    message: 'The producer "{transactionalId}" was fenced: a newer instance uses its transactional id',
    hint: 'Nothing to do: the tasks are closed without a commit and the instance joins again.',
  },
  MILLRACE_GROUP_REBALANCING: {
    kind: 'retriable',
    message: 'The group "{groupId}" is between two generations: {reason}',
    hint: 'Nothing to do: what is still held after the rebalance is committed then.',
  },
  MILLRACE_GROUP_INSTANCE_FENCED: {
    kind: 'config',
    message: 'Another process has joined group "{groupId}" as instance "{groupInstanceId}"',
    hint: 'Give each process a groupInstanceId of its own, and end the old process before a new one starts in its place.',
  },
  MILLRACE_GROUP_FENCED: {
    kind: 'fenced',
    message: 'The member of group "{groupId}" is no longer valid: {reason}',
    hint: 'Nothing to do: the tasks are closed without a commit and the instance joins again.',
  },
  MILLRACE_GROUP_INCOMPATIBLE: {
    kind: 'config',
    message: 'The group "{groupId}" has members of another program, which cannot share it: {reason}',
    hint:
      'Stop them first, such as the same application in Java: one of both can own the group at a time. ' +
      'A Java instance that was closed without leaving its group goes when its session times out (45 s by default).',
  },
  MILLRACE_GROUP_ACTIVE: {
    kind: 'config',
    message: 'The group "{groupId}" has members: {members}',
    hint: 'Stop every instance of the application first. One that was killed goes when its session times out.',
  },
  MILLRACE_GROUP_MISSING: {
    kind: 'config',
    message: 'There is no group "{groupId}"',
    hint: 'Check the name. A group is there from its first member or commit on, until its offsets have expired.',
  },
  MILLRACE_RESET_INVALID: {
    kind: 'config',
    message: 'The application "{applicationId}" cannot be reset: {reason}',
    hint: 'Nothing was changed. Correct what the message names; a dry run shows what a reset would do.',
  },
  MILLRACE_RESET_INCOMPLETE: {
    kind: 'fatal',
    message: 'The reset of "{applicationId}" broke off while {step}: {reason}',
    hint: 'What came before is done. Start nothing yet, and run the reset again; instead of a shift give the position wanted.',
  },
  MILLRACE_SERDE_DECODE: {
    kind: 'record',
    message: 'Bytes could not be decoded as {serde}: {reason}',
    hint: 'Give the source the serde with which the topic is written, or find out who writes other bytes to it. With onBadRecord "continue" or a dead-letter topic such records are left out.',
  },
  MILLRACE_SERDE_ENCODE: {
    kind: 'record',
    message: 'A value could not be encoded as {serde}: {reason}',
    hint: 'Give the operator the serde of the values that it gets, or convert them first. With onBadRecord "continue" or a dead-letter topic such records are left out.',
  },
  MILLRACE_SERDE_ASYNC_SCHEMA: {
    kind: 'topology',
    message: 'The {vendor} schema of {serde} validates asynchronously',
    hint: 'Serdes run record by record and cannot wait. Take the asynchronous part out of the schema, and do it in an operator.',
  },
  MILLRACE_STORE_CORRUPT: {
    kind: 'retriable',
    message: 'The store in {directory} cannot be read: {reason}',
    hint: 'Nothing to do: the directory is moved aside and the state restored from the changelog.',
  },
  MILLRACE_STORE_LOCKED: {
    kind: 'config',
    message: 'The state directory {directory} is in use by {owner}',
    hint: 'Give each process of this application on this machine a stateDir of its own, or end the other process.',
  },
  MILLRACE_STORE_DECODE: {
    kind: 'record',
    message: 'The store "{store}" holds a {side} that this topology cannot read: {reason}',
    hint: 'An earlier version has kept something else under this name. Go back to its serde, give the store another name, or reset the application.',
  },
  MILLRACE_STORE_CLEANUP: {
    kind: 'config',
    message: 'The local state cannot be deleted while the application is {state}',
    hint: 'Call cleanUp() before start(), or after close() or an error has ended the application.',
  },
  MILLRACE_STORE_READ_ONLY: {
    kind: 'record',
    message: 'The global store "{store}" is only read by tasks, but was written to',
    hint: 'Write to its topic: each instance then takes the record over.',
  },
  MILLRACE_PUNCTUATION_GLOBAL: {
    kind: 'topology',
    message: 'The processor {operator} keeps a global store and schedules punctuations',
    hint: 'It sees the records of its topic only. Schedule in a processor of a stream.',
  },
  MILLRACE_STORE_CLOSED: {
    kind: 'bug',
    message: '{operation} was called on a closed {object}',
    hint: 'This is a defect in the caller: a closed store, or a disposed snapshot of one, cannot be read or written.',
  },
  MILLRACE_STORE_FORMAT: {
    kind: 'config',
    message: 'The state in {directory} has format {found}, and this version of Millrace reads {known}',
    hint: 'Run the version that wrote it, or delete the directory: the state is then restored from the changelog.',
  },
  MILLRACE_STORE_BINDING_MISSING: {
    kind: 'config',
    message: 'The native module {module} cannot be loaded on {platform}: {reason}',
    hint: 'It runs under Node.js on Linux (glibc 2.34 or later, with libatomic1), macOS and Windows, x64 and arm64. Elsewhere use memoryStore().',
  },
  MILLRACE_STORE_DIRECTORY: {
    kind: 'config',
    message: 'The state directory {directory} cannot be used: {reason}',
    hint: 'Give stateDir the path of a directory that the process can write to; missing parents are made.',
  },
  MILLRACE_STORE_FAILED: {
    kind: 'fatal',
    message: 'The store in {directory} failed: {reason}',
    hint: 'Look at the disk: space, permissions, the limit of open files. What was committed is kept.',
  },
  MILLRACE_STORE_UNKNOWN: {
    kind: 'topology',
    message: 'There is no store "{store}"',
    hint: 'Give its builder in the stores option of the processor, or correct the name.',
  },
  MILLRACE_DRIVER_NO_RECORD: {
    kind: 'config',
    message: 'The topic "{topic}" holds no record that has not been read',
    hint: 'Await the pipeInput before; ask isEmpty or queueSize first; without commitEachRecord results come with commit().',
  },
  MILLRACE_DRIVER_KEY_MISSING: {
    kind: 'config',
    message: 'A record of the topic "{topic}" has no key, and so no place in a map',
    hint: 'Read such topics with readKeyValuesToList or readValuesToList.',
  },
  MILLRACE_DRIVER_STORE_KIND: {
    kind: 'config',
    message: 'The store "{store}" is a {actual} store, but is asked for as a {asked} store',
    hint: 'Call the method of the TopologyTestDriver that is named for the kind of the store; for a store of your own that is storeParts.',
  },
  MILLRACE_DRIVER_INSTANCE_UNKNOWN: {
    kind: 'config',
    message: 'The TopologyTestDriver has no instance {instance} for this',
    hint: 'addInstance() gives the number; numbers of removed instances are not used again.',
  },
  MILLRACE_DRIVER_NOT_READY: {
    kind: 'fatal',
    message: 'The instances do not get ready, however far the clock moves on ({seconds} s so far)',
    hint: 'Give the driver a logger to see what they wait for: a fault that never ends, or an open transaction.',
  },
  MILLRACE_TOPOLOGY_EMPTY: {
    kind: 'topology',
    message: 'The topology reads no topic',
    hint: 'Begin with builder.stream(…) or builder.table(…).',
  },
  MILLRACE_TOPOLOGY_SERDE_MISSING: {
    kind: 'topology',
    message: 'The {side} serde of the {owner} is not known',
    hint: 'Give it in the options of the operator that writes or keeps the records.',
  },
  MILLRACE_TOPOLOGY_NAME_INVALID: {
    kind: 'topology',
    message: 'The name "{name}" of a {what} is not allowed: {reason}',
    hint: 'Choose another name: it becomes part of the names of Kafka topics.',
  },
  MILLRACE_TOPOLOGY_NAME_MISSING: {
    kind: 'topology',
    message: 'requireNames is set, and these have generated names, which change with the topology: {unnamed}.',
    hint: 'Give the operators the options "name" and "store": they name the repartition topics and the stores with their changelogs.',
  },
  MILLRACE_TOPOLOGY_NAME_DUPLICATE: {
    kind: 'topology',
    message: 'Two operators have the name "{name}"',
    hint: 'Give one of them another name in its options.',
  },
  MILLRACE_TOPOLOGY_STORE_DUPLICATE: {
    kind: 'topology',
    message: 'Two stores have the name "{store}"',
    hint: 'Give one of them another name. To share a store, give the same builder to each operator.',
  },
  MILLRACE_TOPOLOGY_STORE_UNKNOWN: {
    kind: 'topology',
    message: 'The operator "{operator}" uses the store "{store}", which nothing in the topology adds',
    hint: 'Give the builder of the store in the stores option of the operator, or correct the name there.',
  },
  MILLRACE_TOPOLOGY_SOURCES_OVERLAP: {
    kind: 'topology',
    message: 'The sources "{first}" and "{second}" both read the topic "{topic}", but not the same set of topics',
    hint: 'Read each topic by a stream of its own and merge the streams where records of several are wanted.',
  },
  MILLRACE_TOPOLOGY_SOURCES_DIFFER: {
    kind: 'topology',
    message: 'The sources "{first}" and "{second}" read the topic "{topic}" with different {what}',
    hint: 'They share one source, which decodes and stamps each record once. Give all of them the same options and the same serde objects, or read the topic once and convert the values with mapValues.',
  },
  MILLRACE_TOPOLOGY_TOPIC_READ_TWICE: {
    kind: 'topology',
    message: 'The topic "{topic}" is read by "{first}" and by "{second}"',
    hint: 'Read it once. For a stream and a table of one topic use table(…).toStream() or stream(…).toTable().',
  },
  MILLRACE_TOPOLOGY_TOPIC_INTERNAL: {
    kind: 'topology',
    message: 'The operator "{operator}" uses the topic "{topic}", which is internal to this topology',
    hint: 'Choose another topic: repartition and changelog topics belong to the operators that made them.',
  },
  MILLRACE_TOPOLOGY_PARTITIONS_DIFFER: {
    kind: 'topology',
    message:
      '"{operator}" needs equal partition counts, but "{first}" has {firstPartitions} and "{second}" {secondPartitions}',
    hint: 'Give the same number in the partitions option of both, or leave it out in one.',
  },
  MILLRACE_TOPOLOGY_INCOMPATIBLE: {
    kind: 'topology',
    message: 'The state in {directory} was made by another topology: {changes}',
    hint: 'Give stores and groupings names, so that they keep them whatever comes in front. If state is to be left behind, start once with onTopologyChange: "accept", or take another applicationId.',
  },
  MILLRACE_TOPOLOGY_OPTION_INVALID: {
    kind: 'topology',
    message: '{operator}: {reason}',
    hint: 'Correct the option that the message names.',
  },
  MILLRACE_TOPOLOGY_ARGUMENT_ORDER: {
    kind: 'topology',
    message:
      'The parameters of the function "{found}" of the operator "{operator}" are in the wrong order: it is called with {called}',
    hint: 'The value comes first and the key last. If the function is right, rename its parameters to say so.',
  },
  MILLRACE_TOPOLOGY_FOREIGN: {
    kind: 'topology',
    message: '{operator} was given a stream or table of another StreamsBuilder',
    hint: 'Build everything that belongs together with one builder.',
  },
} as const satisfies Record<`MILLRACE_${string}`, ErrorRow>

export interface ErrorRow {
  readonly kind: ErrorKind
  readonly message: string
  readonly hint: string
}

export type ErrorKind = 'config' | 'topology' | 'record' | 'retriable' | 'fenced' | 'fatal' | 'bug'
