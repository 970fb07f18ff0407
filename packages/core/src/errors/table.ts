/**
 * Every error that Millrace raises. `docs/errors.md` is generated from this table.
 *
 * A code is `MILLRACE_AREA_REASON` and is never reused. `message` may contain `{placeholders}`; the type of
 * `millraceError` checks their names. `hint` tells the reader what to do next.
 *
 * Kinds: `config` and `topology` must be corrected before a restart; `record` concerns one record, and the policy for bad
 * records decides; `retriable` is retried; `fenced` means that another instance owns the work now; `fatal` stops the
 * application; `bug` is a defect in Millrace or in the calling code.
 */
export const ERROR_TABLE = {
  MILLRACE_CLIENT_UNSUPPORTED: {
    kind: 'config',
    message: 'The Kafka client "{client}" does not support {feature}',
    hint: 'Use a client that supports it, or change the option that requires it.',
  },
  MILLRACE_PACKAGE_MISSING: {
    kind: 'config',
    message: 'The package {package} cannot be loaded: {reason}',
    hint: 'Install it beside millrace (npm install {package}).',
  },
  MILLRACE_CLIENT_PACKAGE_MISSING: {
    kind: 'config',
    message: 'The package {package} cannot be loaded: {reason}',
    hint: "Install it beside millrace (npm install {package}), or use kafka(), Millrace's own client, which needs no other package.",
  },
  MILLRACE_CLIENT_UNAVAILABLE: {
    kind: 'retriable',
    message: 'No Kafka broker responds at {brokers}: {reason}',
    hint: 'Check that the brokers are running and that addresses and ports are correct. A running application keeps retrying.',
  },
  MILLRACE_CLIENT_NOT_YET: {
    kind: 'retriable',
    message: '{operation} is not possible yet: {reason}',
    hint: 'No action needed: Millrace retries. Leaders and coordinators move when a broker starts or stops.',
  },
  MILLRACE_CLIENT_TIMEOUT: {
    kind: 'retriable',
    message: '{operation} got no response within {timeoutMs} ms',
    hint: 'The broker is slow or unreachable. Millrace retries. If the error persists, check the broker.',
  },
  MILLRACE_CLIENT_CLOSED: {
    kind: 'bug',
    message: '{operation} was called on a closed {object}',
    hint: 'This is a bug in the calling code: nothing can be sent after close().',
  },
  MILLRACE_CLIENT_UNEXPECTED: {
    kind: 'retriable',
    message: '{operation} failed with an unexpected error: {reason}',
    hint: 'Millrace retries. If the error persists, look at its cause and check that a Kafka broker listens at the address.',
  },
  MILLRACE_CLIENT_NOT_ADMITTED: {
    kind: 'config',
    message: 'The brokers at {brokers} did not accept the secured connection: {reason}',
    hint: 'Check the credentials (sasl) and certificates (ssl) of the client, and the listener that it connects to.',
  },
  MILLRACE_CLIENT_NOT_AUTHORIZED: {
    kind: 'config',
    message: '{operation} is not allowed: {principal} needs the right {right} on {resource} ({reason})',
    hint: 'Grant the right on the broker (kafka-acls). docs/operations.md lists the rights that an application needs.',
  },
  MILLRACE_CLIENT_REQUEST_FAILED: {
    kind: 'fatal',
    message: '{operation} failed: {reason}',
    hint: 'The broker rejected the request, and a retry would not help. The reason says what to change.',
  },
  MILLRACE_CONSOLE_FAILED: {
    kind: 'retriable',
    message: 'The console has no answer: {reason}',
    hint: 'Try again. If it goes on, check that Kafka, and the query server that the console reads stores from, can be reached.',
  },
  MILLRACE_DEAD_LETTER_UNSENDABLE: {
    kind: 'config',
    message: 'The dead letter {letter} cannot be sent back: {reason}',
    hint: 'Nothing was sent. Leave it out, and write the record again from where it comes from.',
  },
  MILLRACE_TOPIC_MISSING: {
    kind: 'config',
    message: 'The topic "{topic}" does not exist',
    hint: 'Create the topic, or correct its name in the topology. Millrace creates internal topics only.',
  },
  MILLRACE_TOPIC_EXISTS: {
    kind: 'config',
    message: 'The topic "{topic}" already exists',
    hint: 'Use the existing topic, or choose another name.',
  },
  MILLRACE_OFFSET_OUT_OF_RANGE: {
    kind: 'retriable',
    message: 'Offset {offset} of {topic}-{partition} is out of range ({earliest} to {latest})',
    hint: 'Records were deleted by retention, the topic was recreated, or its log was cut by an unclean leader election. The position is reset according to the offset reset policy.',
  },
  MILLRACE_OFFSETS_UNSTABLE: {
    kind: 'retriable',
    message: 'The committed offsets of group "{groupId}" for {partitions} are pending until {transaction} ends',
    hint: 'Millrace retries until the transaction is committed, aborted or timed out. If it takes longer than the transaction timeout, see "Hanging transactions" in docs/operations.md.',
  },
  MILLRACE_BATCH_UNREADABLE: {
    kind: 'fatal',
    message: 'The record batch at offset {offset} cannot be read: {reason}',
    hint: 'The bytes were damaged on the broker or on the network, or this client does not support their format.',
  },
  MILLRACE_DECOMPRESSION_FAILED: {
    kind: 'fatal',
    message: '{bytes} bytes compressed with {codec} cannot be decompressed: {reason}',
    hint: 'The data is damaged, or decompresses to more than a batch may hold. Find out which producer wrote it.',
  },
  MILLRACE_COMPACTED_TOPIC: {
    kind: 'config',
    message: 'The topic "{topic}" cannot keep the latest value of each key: {reason}',
    hint: 'Use a topic with one partition and cleanup.policy=compact, or a name that does not exist yet: Millrace creates it.',
  },
  MILLRACE_TOPIC_NOT_COPARTITIONED: {
    kind: 'topology',
    message: 'The topics that {operator} joins must have the same number of partitions, but {topics}',
    hint: 'Create "{topic}" with {partitions} partitions, or repartition to {partitions} partitions before the join.',
  },
  MILLRACE_TOPIC_PARTITIONS_CHANGED: {
    kind: 'config',
    message: 'The internal topic "{topic}" has {actual} partitions, but this topology needs {expected}',
    hint: 'Another topology uses this applicationId, or an input topic has grown. Choose another applicationId, or reset the application.',
  },
  MILLRACE_TOPIC_GROWN: {
    kind: 'config',
    message: 'The topic {topics} has grown from {before} to {after} partitions, but "{internal}" has {before}',
    hint: 'New records of a key may go to another partition, while the state of the key stays where it is. Either copy the input to a new topic of the new size and read it with another applicationId, or reset the application and delete its internal topics.',
  },
  MILLRACE_PROCESSING_FAILED: {
    kind: 'fatal',
    message: '{operator} failed{where} (task {task}): {reason}',
    hint: 'Fix the function or the data. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_ASYNC_FAILED: {
    kind: 'record',
    message:
      '{operator} failed for the key {key} of {topic}-{partition} at offset {offset}, attempt {attempts}: {reason}',
    hint: 'onBadRecord decides what happens to the record. Allow more attempts with the retry option of mapValuesAsync, or fix the service that it calls.',
  },
  MILLRACE_ASYNC_TIMEOUT: {
    kind: 'record',
    message: 'no result within {timeoutMs} ms',
    hint: 'Raise timeoutMs of mapValuesAsync, or find out why the call is slow.',
  },
  MILLRACE_ASYNC_UNFINISHED: {
    kind: 'retriable',
    message:
      '{count} calls of {operator} did not finish within {waitMs} ms, the oldest for offset {offset} of {topic}-{partition}',
    hint: 'No action needed: their records are processed again. If this happens often, reduce timeoutMs or retry of mapValuesAsync.',
  },
  MILLRACE_APPLICATION_SHUTDOWN: {
    kind: 'fatal',
    message: 'Another instance of "{applicationId}" failed and requested the shutdown of all instances',
    hint: 'Find the instance whose log names the cause. Fix the cause, then restart all instances. They resume from the last commit.',
  },
  MILLRACE_CONFIG_INVALID: {
    kind: 'config',
    message: 'The option {option} is {value}, but {expected}',
    hint: 'Correct the option. docs/configuration.md lists all options.',
  },
  MILLRACE_TOPOLOGY_TOPICS_COLLIDE: {
    kind: 'topology',
    message: 'The names of the topics "{first}" and "{second}" differ only in "." and "_", and brokers reject that',
    hint: 'Rename one of the topics. The name of an internal topic comes from the name of its store or operator.',
  },
  MILLRACE_SINK_TOPIC: {
    kind: 'record',
    message: 'The topic {topic} was chosen for the record: {reason}',
    hint: 'Return the name of an existing topic: 1 to 249 characters of A-Z, a-z, 0-9, ".", "_" and "-".',
  },
  MILLRACE_THREADS_MODULE: {
    kind: 'config',
    message: 'threads is {threads}, but the topology of this application cannot be sent to a thread',
    hint: 'Threads import it: export defineApplication(plan, options) from a module as default, and start that module with KafkaStreams.load() or "millrace run".',
  },
  MILLRACE_THREADS_FIXED: {
    kind: 'config',
    message: '{operation} needs threads of their own, but this application runs on the calling thread',
    hint: 'Load its module with KafkaStreams.load and threads above 1: then threads can be added and removed.',
  },
  MILLRACE_THREAD_REMOVAL: {
    kind: 'retriable',
    message: 'Thread {thread} has not ended after {timeoutMs} ms',
    hint: 'It ends as soon as its current work is finished, or after closeTimeoutMs. Look at functions that take long.',
  },
  MILLRACE_THREADS_UNAVAILABLE: {
    kind: 'config',
    message: 'Threads cannot be started: {reason}',
    hint: 'Do not bundle the package millrace, or start one process for each thread with threads: 1.',
  },
  MILLRACE_APPLICATION_MODULE: {
    kind: 'config',
    message: 'The module {module} {problem}',
    hint: 'Let the module end with "export default defineApplication(builder.build(), options)". TypeScript needs Node.js 22.18 or later.',
  },
  MILLRACE_APPLICATION_STARTED: {
    kind: 'config',
    message: 'The module {module} starts an application when it is imported',
    hint: 'Export the application with defineApplication(plan, options), and start it in another file or with "millrace run".',
  },
  MILLRACE_THREAD_TOPOLOGY: {
    kind: 'config',
    message: 'The module {module} has built another topology in thread {thread} than in the main thread',
    hint: 'Each thread imports the module. The topology must not depend on the thread, the time, chance or state outside the module.',
  },
  MILLRACE_THREAD_EXITED: {
    kind: 'fatal',
    message: 'Thread {thread} has ended before it was told to: {reason}',
    hint: 'Look at the cause: an error that nobody catches, process.exit(), or memory that has run out. onUncaughtError decides what follows.',
  },
  MILLRACE_STATE_STARTED: {
    kind: 'config',
    message: 'start() was called, but the application is {state}',
    hint: 'An application can be started once. Create a new KafkaStreams after close().',
  },
  MILLRACE_STATE_TRANSITION: {
    kind: 'bug',
    message: 'The application cannot change from {from} to {to}',
    hint: 'This is a bug in Millrace. Please report it with the log.',
  },
  MILLRACE_TIMESTAMP_INVALID: {
    kind: 'record',
    message: 'The timestamp {timestamp} is negative or not a number of milliseconds',
    hint: 'Give the source a timestampExtractor, or set timestamps in the producer: in milliseconds since 1970, not in micro- or nanoseconds.',
  },
  MILLRACE_GROUP_KEY_MISSING: {
    kind: 'record',
    message: 'The aggregation {operator} of a grouped table received a change without a key',
    hint: 'Only Millrace and Kafka Streams should write to its repartition topic, and both always write a key. Find out what else writes to it.',
  },
  MILLRACE_OFFSET_RESET_NONE: {
    kind: 'config',
    message:
      'The group has no usable offset for {topic}-{partition} (committed: {committed}; the log has {earliest} to {latest})',
    hint: 'The source has offsetReset: "none". A log can also have been cut before the committed offset by an unclean leader election. Commit an offset for the group, or set offsetReset to a start position.',
  },
  MILLRACE_SUPPRESS_BUFFER_FULL: {
    kind: 'fatal',
    message: 'The buffer of {operator} is full: {records} records, {bytes} bytes',
    hint: 'Raise maxRecords or maxBytes, or use until: "time-limit" to emit results early. No data is lost: a restart resumes at this record.',
  },
  MILLRACE_FUNCTION_RESULT: {
    kind: 'record',
    message: 'The function of {operator} returned {result} for the record with key {key}, but it must return {needed}',
    hint: 'Look for a branch of the function that returns nothing or the wrong type. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_STORE_ENCODE: {
    kind: 'record',
    message: 'The {part} of an entry cannot be encoded for the store "{store}" of {operator}: {reason}',
    hint: 'Give the store serdes that match its entries, or convert the entry first.',
  },
  MILLRACE_STORE_UNDEFINED: {
    kind: 'record',
    message: 'The store "{store}" received undefined as {part}',
    hint: 'A key must not be undefined. To delete an entry, call delete or put null.',
  },
  MILLRACE_PROCESSOR_CHILD: {
    kind: 'record',
    message: '{operator} forwards to "{child}", which is not one of its children: {children}',
    hint: 'Name a node that has this processor as its parent, or no node to forward to all children.',
  },
  MILLRACE_CONTEXT_OUTLIVED: {
    kind: 'record',
    message: '{operator} uses {what} after the call that it belongs to has ended',
    hint: 'Await all asynchronous work in the function, or return its promise. If a library calls back outside the asynchronous context of the call, wrap the callback with AsyncResource.bind of node:async_hooks.',
  },
  MILLRACE_SINK_PARTITION: {
    kind: 'record',
    message: 'The partitioner returned partition {partition} for "{topic}", which has {partitions} partitions',
    hint: 'A partitioner must return a whole number from 0 to partitions - 1.',
  },
  MILLRACE_PROCESSING_TIMEOUT: {
    kind: 'record',
    message: '{operator} took more than {timeoutMs} ms {where}',
    hint: 'onBadRecord decides what happens to the record. Raise processingTimeoutMs if the work can take this long. For many concurrent calls use mapValuesAsync.',
  },
  MILLRACE_PROCESSOR_FAILED: {
    kind: 'fatal',
    message: 'The processor {operator} failed in {hook}(): {reason}',
    hint: 'Fix the function. onBadRecord does not apply, because the call does not belong to a record.',
  },
  MILLRACE_PROCESSOR_ABANDONED: {
    kind: 'record',
    message: 'The processor {operator} uses {what} for a record that timed out',
    hint: 'A new processor has replaced this one. Raise processingTimeoutMs if the work can take this long.',
  },
  MILLRACE_STORE_NOT_CONNECTED: {
    kind: 'topology',
    message: 'The processor {operator} requests the store "{store}" but is not connected to it',
    hint: 'Add the store to the "stores" option of process or processValues.',
  },
  MILLRACE_BRANCH_MISSING: {
    kind: 'record',
    message: 'No branch of {operator} matches the record, although the branches are declared exhaustive',
    hint: 'The record has no value, or a value that its type does not include. Add a branch, or end split with defaultBranch.',
  },
  MILLRACE_PROCESSOR_KEY_CHANGED: {
    kind: 'record',
    message: 'The processor {operator} of processValues forwards another key',
    hint: 'Forward the key of the current record, or spread a stored record (...record) into the one that you forward. To change keys, use process: the stream is then repartitioned where needed.',
  },
  MILLRACE_TRANSFORMER_FORWARD: {
    kind: 'topology',
    message: 'The transformer {operator} calls forward, but a table has one value per key',
    hint: 'Return the new value. To forward several records, use toStream().process(…).',
  },
  MILLRACE_PUNCTUATION_INTERVAL: {
    kind: 'topology',
    message: 'The processor {operator} schedules a punctuation with an interval of {intervalMs} ms',
    hint: 'Use a whole number of milliseconds, at least 1.',
  },
  MILLRACE_PRODUCE_RECORD_TOO_LARGE: {
    kind: 'record',
    message: 'A record of {bytes} bytes for "{topic}" exceeds the limit of {limit} bytes',
    hint: 'Raise max.message.bytes of the topic and maxRequestBytes of the application, or make the record smaller. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_PRODUCE_TIMESTAMP: {
    kind: 'record',
    message: 'The timestamp {timestamp} is {distanceMs} ms {where} the clock, but "{topic}" allows {limitMs} ms',
    hint: 'Correct the timestamp with a timestampExtractor, or raise {setting} of the topic. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_PRODUCE_RECORD_REFUSED: {
    kind: 'record',
    message: 'The broker rejected a record for {topic}-{partition}: {reason}',
    hint: 'The reason says what the topic does not accept. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_PRODUCE_FAILED: {
    kind: 'fatal',
    message: 'Producing to {topic}-{partition} failed: {reason}',
    hint: 'No offset was committed past the record that failed. Fix the cause, then restart.',
  },
  MILLRACE_TRANSACTION_ABORTABLE: {
    kind: 'retriable',
    message: 'The transaction "{transactionalId}" must be aborted: {reason}',
    hint: 'No action needed: Millrace aborts the transaction and resumes from the last committed offsets.',
  },
  MILLRACE_WINDOWS_INVALID: {
    kind: 'record',
    message: 'The windows "{windows}" break the contract of windowsFor: {reason}',
    hint: 'Correct windowsFor, and check it with windowsConformance of @millrace/testing. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_TRANSACTION_UNKNOWN: {
    kind: 'retriable',
    message: 'It is unknown whether the transaction "{transactionalId}" was committed: {reason}',
    hint: 'No action needed: Millrace replaces the producer and asks the broker for the outcome.',
  },
  MILLRACE_TRANSACTION_HANGING: {
    kind: 'retriable',
    message:
      'A transaction of "{transactionalId}" ended without markers in {partitions}, and its outcome is no longer known',
    hint: 'A broker has lost the markers (KAFKA-20734). Millrace waits until they are written. See "Hanging transactions" in docs/operations.md.',
  },
  MILLRACE_PRODUCER_FENCED: {
    kind: 'fenced',
    message: 'The producer "{transactionalId}" was fenced: a newer producer uses the same transactional id',
    hint: 'No action needed: the instance closes its tasks without a commit and rejoins the group.',
  },
  MILLRACE_GROUP_REBALANCING: {
    kind: 'retriable',
    message: 'The group "{groupId}" is rebalancing: {reason}',
    hint: 'No action needed: after the rebalance the instance commits for the tasks that it keeps.',
  },
  MILLRACE_GROUP_INSTANCE_FENCED: {
    kind: 'config',
    message: 'Another process joined group "{groupId}" with the same groupInstanceId "{groupInstanceId}"',
    hint: 'Give each process its own groupInstanceId, and stop the old process before its replacement starts.',
  },
  MILLRACE_GROUP_FENCED: {
    kind: 'fenced',
    message: 'The membership in group "{groupId}" is no longer valid: {reason}',
    hint: 'No action needed: the instance closes its tasks without a commit and rejoins the group.',
  },
  MILLRACE_GROUP_INCOMPATIBLE: {
    kind: 'config',
    message: 'The group "{groupId}" has members of another program and cannot be shared with them: {reason}',
    hint: 'Stop them first. For example, the same application in Java and in Millrace cannot run at the same time. A closed Java instance stays a member until its session times out (45 s by default). Up to Kafka 4.1 a classic group cannot become a streams group, nor a streams group a classic one, also when nobody is in it.',
  },
  MILLRACE_GROUP_PROTOCOL_UNSUPPORTED: {
    kind: 'config',
    message: 'The broker cannot keep "{groupId}" as a streams group (KIP-1071): {reason}',
    hint: 'Use Kafka 4.2 or later, with "streams" in group.coordinator.rebalance.protocols and streams.version 1 or higher, or use groupProtocol: "classic".',
  },
  MILLRACE_GROUP_TOPOLOGY_STALE: {
    kind: 'topology',
    message: 'The streams group "{groupId}" runs another topology: {reason}',
    hint: 'A streams group keeps its first topology. To change it, stop all instances, start and stop one with groupProtocol: "classic", and start again. Committed offsets are kept. See "Streams groups" in docs/operations.md.',
  },
  MILLRACE_GROUP_TOPICS_WRONG: {
    kind: 'topology',
    message: 'The broker cannot assign the tasks of "{groupId}": {reason}',
    hint: 'Create or correct the topics that the message names. The broker creates internal topics by itself.',
  },
  MILLRACE_GROUP_ACTIVE: {
    kind: 'config',
    message: 'The group "{groupId}" has active members: {members}',
    hint: 'Stop all instances of the application first. A killed instance is removed when its session times out.',
  },
  MILLRACE_GROUP_MISSING: {
    kind: 'config',
    message: 'The group "{groupId}" does not exist',
    hint: 'Check the name. A group exists from its first member or commit until its offsets expire.',
  },
  MILLRACE_RESET_INVALID: {
    kind: 'config',
    message: 'The application "{applicationId}" cannot be reset: {reason}',
    hint: 'Nothing was changed. Correct what the message names. A dry run shows what a reset would do.',
  },
  MILLRACE_RESET_INCOMPLETE: {
    kind: 'fatal',
    message: 'The reset of "{applicationId}" failed while {step}: {reason}',
    hint: 'The steps before it are complete. Run the reset again before you start the application. If the reset shifts positions, give the target position instead of the shift.',
  },
  MILLRACE_SERDE_DECODE: {
    kind: 'record',
    message: 'The bytes cannot be decoded as {serde}: {reason}',
    hint: 'Use the serde that the topic is written with, or find out which producer writes other data to it. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_SERDE_ENCODE: {
    kind: 'record',
    message: 'The value cannot be encoded as {serde}: {reason}',
    hint: 'Give the operator a serde that matches its values, or convert the values first. To skip such records, set onBadRecord to "continue" or to a dead-letter topic.',
  },
  MILLRACE_SCHEMA_INVALID: {
    kind: 'topology',
    message: 'The schema is invalid: {reason}',
    hint: 'Correct the schema. The specifications are at https://avro.apache.org/docs/, https://protobuf.dev and https://json-schema.org.',
  },
  MILLRACE_PERSONAL_KEYS: {
    kind: 'config',
    message: 'The keys of persons in the topic "{topic}" cannot be used: {reason}',
    hint: 'Give the master key that the keys were wrapped with, and name the topic that belongs to it.',
  },
  MILLRACE_REGISTRY_UNAVAILABLE: {
    kind: 'retriable',
    message: 'The schema registry at {url} does not answer {request}: {reason}',
    hint: 'Check that the registry is running and that its URL is correct. A running application keeps retrying.',
  },
  MILLRACE_REGISTRY_REFUSED: {
    kind: 'config',
    message: 'The schema registry at {url} refuses {request}: {reason}',
    hint: 'The reason says what to change: the credentials, or the schema, which must be valid and compatible with the versions of its subject.',
  },
  MILLRACE_REGISTRY_SCHEMA_MISSING: {
    kind: 'config',
    message: 'The subject "{subject}" of the schema registry cannot be written: {reason}',
    hint: 'Register the schema under the subject, or let the serde do it with register: "auto".',
  },
  MILLRACE_SERDE_NOT_READY: {
    kind: 'retriable',
    message: 'A serde must first fetch {what}',
    hint: 'No action needed: Millrace waits and tries the record again. In a program of your own, await prepare() of the serde before you use it.',
  },
  MILLRACE_SERDE_ASYNC_SCHEMA: {
    kind: 'topology',
    message: 'The {vendor} schema of {serde} is asynchronous',
    hint: 'Serdes are synchronous. Remove the asynchronous validation from the schema and do it in an operator, such as mapValuesAsync.',
  },
  MILLRACE_STORE_CORRUPT: {
    kind: 'retriable',
    message: 'The store in {directory} cannot be read: {reason}',
    hint: 'No action needed: Millrace moves the directory aside and restores the state from the changelog.',
  },
  MILLRACE_STORE_LOCKED: {
    kind: 'config',
    message: 'The state directory {directory} is in use by {owner}',
    hint: 'Give each process of the application on this machine its own stateDir, or stop the other process.',
  },
  MILLRACE_STORE_BUSY: {
    kind: 'retriable',
    message: 'The state of task {task} is open in thread {owner} of this process, and thread {member} needs it',
    hint: 'No action needed: Millrace retries until the other thread has closed the task.',
  },
  MILLRACE_STORE_DECODE: {
    kind: 'record',
    message: 'The store "{store}" holds a {side} that this topology cannot read: {reason}',
    hint: 'An earlier version stored other data under this name. Use the earlier serde, rename the store, or reset the application.',
  },
  MILLRACE_STORE_CLEANUP: {
    kind: 'config',
    message: 'The local state cannot be deleted while the application is {state}',
    hint: 'Call cleanUp() before start(), after close(), or when the application has stopped with an error.',
  },
  MILLRACE_STORE_READ_ONLY: {
    kind: 'record',
    message: 'The global store "{store}" is read-only for tasks',
    hint: 'Write to the topic of the store instead. Every instance applies the record to its copy.',
  },
  MILLRACE_PUNCTUATION_GLOBAL: {
    kind: 'topology',
    message: 'The processor {operator} maintains a global store and cannot schedule punctuations',
    hint: 'It only receives the records of its topic. Schedule punctuations in a processor of a stream.',
  },
  MILLRACE_STORE_CLOSED: {
    kind: 'bug',
    message: '{operation} was called on a closed {object}',
    hint: 'This is a bug in the calling code: a closed store or a disposed snapshot cannot be used.',
  },
  MILLRACE_STORE_FORMAT: {
    kind: 'config',
    message: 'The state in {directory} has format {found}, but this version of Millrace supports format {known}',
    hint: 'Use the version that wrote it, or delete the directory: the state is then restored from the changelog.',
  },
  MILLRACE_STORE_BINDING_MISSING: {
    kind: 'config',
    message: 'The native module {module} cannot be loaded on {platform}: {reason}',
    hint: 'It supports Node.js on Linux (glibc 2.34 or later, with libatomic1), macOS and Windows, on x64 and arm64. On other platforms use memoryStore().',
  },
  MILLRACE_STORE_DIRECTORY: {
    kind: 'config',
    message: 'The state directory {directory} cannot be used: {reason}',
    hint: 'Set stateDir to a directory that the process can write to. Missing directories are created.',
  },
  MILLRACE_STORE_FAILED: {
    kind: 'fatal',
    message: 'The store in {directory} failed: {reason}',
    hint: 'Check the disk: free space, permissions and the limit of open files. Committed state is not lost.',
  },
  MILLRACE_STORE_UNKNOWN: {
    kind: 'topology',
    message: 'The store "{store}" does not exist',
    hint: 'Pass the builder of the store in the stores option of the processor, or correct the name.',
  },
  MILLRACE_QUERY_INVALID: {
    kind: 'config',
    message: 'A query of the store "{store}" is invalid: {reason}',
    hint: 'Correct the query or its options. docs/queries.md lists the queries of each kind of store.',
  },
  MILLRACE_QUERY_STORE_KIND: {
    kind: 'config',
    message: 'The store "{store}" is a {actual} store and cannot be read as a {asked} store',
    hint: 'Ask for the store by its own kind. A table has a timestamped store, a custom store cannot be queried.',
  },
  MILLRACE_QUERY_NOT_RUNNING: {
    kind: 'retriable',
    message: 'The store "{store}" cannot be queried while the application is {state}',
    hint: 'Query after start() has resolved and before close(). Another instance may have the state.',
  },
  MILLRACE_QUERY_INCOMPLETE: {
    kind: 'retriable',
    message: 'Partition {partition} of the store "{store}" gave no answer: {reason}, {message}',
    hint: 'Try again after the rebalance, or query the instance that has the partition (streamsMetadataForStore, queryMetadataForKey).',
  },
  MILLRACE_QUERY_AMBIGUOUS: {
    kind: 'config',
    message: 'The partitions {partitions} of the store "{store}" have a value for the query',
    hint: 'Read the values of each partition from the result, or query one partition.',
  },
  MILLRACE_QUERY_AFTER_IMPOSSIBLE: {
    kind: 'config',
    message: 'A query of the store "{store}" cannot wait for a position in the topic "{topic}": {reason}',
    hint: 'Wait for a position in a topic that the store is made from. docs/queries.md says which positions can be waited for.',
  },
  MILLRACE_QUERY_TOO_SLOW: {
    kind: 'retriable',
    message:
      'A live query of the store "{store}" was ended: more than {limit} changes of a partition waited for its reader',
    hint: 'Read the events faster, follow a key or a prefix in place of the whole store, or raise the limit. A new live query can go on from the last position.',
  },
  MILLRACE_SERVER_LIVE_LIMIT: {
    kind: 'retriable',
    message: 'The query server has {limit} live queries open, and accepts no more',
    hint: 'Try again after the time of Retry-After, or at another instance. If it goes on, end live queries that nobody reads, or raise maxLiveQueries.',
  },
  MILLRACE_SERVER_INVALID: {
    kind: 'config',
    message: 'The option {option} of queryServer is invalid: {reason}',
    hint: 'Correct the option. packages/query-server/README.md lists all of them.',
  },
  MILLRACE_SERVER_UNSAFE: {
    kind: 'config',
    message: 'The query server would be open to others at {host}: it has no {missing}',
    hint: 'Set token and tls, or bind it to 127.0.0.1. With allowInsecure: true it starts without them, for example behind a proxy that has both.',
  },
  MILLRACE_SERVER_LISTEN: {
    kind: 'config',
    message: 'The query server cannot listen at {host}:{port}: {reason}',
    hint: 'Choose another port or host, or stop the process that has the port.',
  },
  MILLRACE_SERVER_UNAUTHORIZED: {
    kind: 'config',
    message: 'The query server refused the request: it has no token, or a wrong one',
    hint: 'Send the header "Authorization: Bearer TOKEN" with the token of the server.',
  },
  MILLRACE_SERVER_ROUTE_UNKNOWN: {
    kind: 'config',
    message: 'The query server does not know this method and path',
    hint: 'Use GET. /openapi.json lists the paths.',
  },
  MILLRACE_SERVER_REQUEST: {
    kind: 'config',
    message: 'The {parameter} of the request is invalid: {reason}',
    hint: 'Correct the request. /openapi.json describes each parameter.',
  },
  MILLRACE_SERVER_REQUEST_TOO_LARGE: {
    kind: 'config',
    message: 'The request is too large: {reason}',
    hint: 'Send a shorter key, or raise maxRequestBytes: a key of the store may be as long, and the cursor of a page has the last key of the page before.',
  },
  MILLRACE_SERVER_RESULT_TOO_LARGE: {
    kind: 'config',
    message: 'The answer from the store "{store}" is too large: {reason}',
    hint: 'Ask for a shorter range of time, or for fewer entries in a page. A part of the answer would look like the whole.',
  },
  MILLRACE_SERVER_KEY_UNKNOWN: {
    kind: 'config',
    message: 'The store "{store}" has no value for the key',
    hint: 'The key has never been written, or it was deleted. For keys that are not text, set as=json.',
  },
  MILLRACE_SERVER_OWNER_UNREACHABLE: {
    kind: 'retriable',
    message: 'The instance that has partition {partition} of the store "{store}" gave no answer: {reason}',
    hint: 'Try again. If it goes on, check that applicationServer of each instance is the address of its query server, and that all have the same token.',
  },
  MILLRACE_SERVER_BUSY: {
    kind: 'retriable',
    message: 'The query server could not answer: {reason}',
    hint: 'Try again after the time of Retry-After. If it goes on, start more instances or raise the limits of queryServer.',
  },
  MILLRACE_SERVER_FAILED: {
    kind: 'fatal',
    message: 'The query server failed to read the store',
    hint: 'See the log of the application, which has the cause.',
  },
  MILLRACE_DRIVER_NOT_AWAITED: {
    kind: 'config',
    message: 'A call of {call} was still running at: {operation}',
    hint: 'The test did not await it. Write "await" before the call of {call}, and before the helper function that makes it.',
  },
  MILLRACE_DRIVER_NO_RECORD: {
    kind: 'config',
    message: 'The topic "{topic}" has no unread records',
    hint: 'Check isEmpty or queueSize first. Without commitEachRecord, call commit() to see results. Windows that emit on close need a later record, or idleAdvanceMs and advanceWallClock.',
  },
  MILLRACE_DRIVER_KEY_MISSING: {
    kind: 'config',
    message: 'A record of the topic "{topic}" has no key and cannot be put into a map',
    hint: 'Read this topic with readKeyValuesToList or readValuesToList.',
  },
  MILLRACE_DRIVER_STORE_KIND: {
    kind: 'config',
    message: 'The store "{store}" is a {actual} store, not a {asked} store',
    hint: 'Call the method of TopologyTestDriver for this kind of store. For a custom store it is storeParts.',
  },
  MILLRACE_DRIVER_INSTANCE_UNKNOWN: {
    kind: 'config',
    message: 'The TopologyTestDriver has no instance {instance}',
    hint: 'Use a number that addInstance() returned. The number of a removed instance is not used again.',
  },
  MILLRACE_DRIVER_NOT_READY: {
    kind: 'fatal',
    message: 'The instances are not ready after {seconds} s of simulated time',
    hint: 'Pass a logger to the driver to see what they wait for, such as a fault that never ends or an open transaction.',
  },
  MILLRACE_PROXY_UNREADABLE: {
    kind: 'fatal',
    message: 'A connection through the proxy to {broker} carried something other than Kafka requests and responses',
    hint: 'The proxy reads the protocol without TLS. Let the client and the listener of the broker use PLAINTEXT or SASL_PLAINTEXT.',
  },
  MILLRACE_TOPOLOGY_EMPTY: {
    kind: 'topology',
    message: 'The topology has no input topic',
    hint: 'Start with builder.stream(…) or builder.table(…).',
  },
  MILLRACE_TOPOLOGY_SERDE_MISSING: {
    kind: 'topology',
    message: 'The {side} serde of the {owner} is unknown',
    hint: 'Pass the serde to the operator that writes or stores the records.',
  },
  MILLRACE_TOPOLOGY_NAME_INVALID: {
    kind: 'topology',
    message: 'The {what} name "{name}" is invalid: {reason}',
    hint: 'Choose another name. It becomes part of the names of Kafka topics.',
  },
  MILLRACE_TOPOLOGY_NAME_MISSING: {
    kind: 'topology',
    message: 'requireNames is set, but these names are generated and change with the topology: {unnamed}.',
    hint: 'Set the "name" and "store" options of the operators. They name the repartition topics, the stores and the changelogs.',
  },
  MILLRACE_TOPOLOGY_NAME_DUPLICATE: {
    kind: 'topology',
    message: 'Two operators have the same name "{name}"',
    hint: 'Change the name option of one of them.',
  },
  MILLRACE_TOPOLOGY_STORE_DUPLICATE: {
    kind: 'topology',
    message: 'Two stores have the same name "{store}"',
    hint: 'Rename one of them. To share a store, pass the same builder to each operator.',
  },
  MILLRACE_TOPOLOGY_STORE_UNKNOWN: {
    kind: 'topology',
    message: 'The operator "{operator}" uses the store "{store}", but the topology does not contain it',
    hint: 'Pass the builder of the store in the stores option of the operator, or correct the name there.',
  },
  MILLRACE_TOPOLOGY_SOURCES_OVERLAP: {
    kind: 'topology',
    message: 'The sources "{first}" and "{second}" both read the topic "{topic}", but their topics are not the same',
    hint: 'Read each topic with its own stream, and merge streams where you need several topics.',
  },
  MILLRACE_TOPOLOGY_SOURCES_DIFFER: {
    kind: 'topology',
    message: 'The sources "{first}" and "{second}" read the topic "{topic}" with different {what}',
    hint: 'Both are one source, which decodes each record once. Give both the same options and the same serde objects, or read the topic once and convert the values with mapValues.',
  },
  MILLRACE_TOPOLOGY_TOPIC_READ_TWICE: {
    kind: 'topology',
    message: 'The topic "{topic}" is read by "{first}" and by "{second}"',
    hint: 'Read the topic once. To use it as a stream and as a table, call table(…).toStream() or stream(…).toTable().',
  },
  MILLRACE_TOPOLOGY_TOPIC_INTERNAL: {
    kind: 'topology',
    message: 'The operator "{operator}" uses the topic "{topic}", which is an internal topic of this topology',
    hint: 'Choose another topic. Only the operator that created a repartition or changelog topic can use it.',
  },
  MILLRACE_TOPOLOGY_PARTITIONS_DIFFER: {
    kind: 'topology',
    message:
      '"{operator}" requires the same number of partitions, but "{first}" has {firstPartitions} and "{second}" has {secondPartitions}',
    hint: 'Set the partitions option of both to the same number, or omit it in one.',
  },
  MILLRACE_TOPOLOGY_INCOMPATIBLE: {
    kind: 'topology',
    message: 'The state in {directory} was written by a different topology: {changes}',
    hint: 'Name stores and groupings, so that their names do not depend on the operators before them. To abandon the old state, start once with onTopologyChange: "accept" or use another applicationId.',
  },
  MILLRACE_TOPOLOGY_OPTION_INVALID: {
    kind: 'topology',
    message: '{operator}: {reason}',
    hint: 'Correct the argument or option that the message names.',
  },
  MILLRACE_TOPOLOGY_SUPPLIER: {
    kind: 'topology',
    message: '{owner}: its function "{field}" returned {result}',
    hint: 'Return a new object with the function {needed} from each call. Each task needs an object of its own, because tasks run at the same time and start again after a rebalance.',
  },
  MILLRACE_ARGUMENT_INVALID: {
    kind: 'config',
    message: '{operator}: {reason}',
    hint: 'Correct the argument or option that the message names.',
  },
  MILLRACE_TOPOLOGY_ARGUMENT_ORDER: {
    kind: 'topology',
    message:
      'The parameters of the function "{found}" in the operator "{operator}" are in the wrong order: it is called with {called}',
    hint: 'The value comes first, the key last. If the function is correct, rename its parameters accordingly.',
  },
  MILLRACE_TOPOLOGY_FOREIGN: {
    kind: 'topology',
    message: '{operator} received a stream or table of another StreamsBuilder',
    hint: 'Build the whole topology with one builder.',
  },
} as const satisfies Record<`MILLRACE_${string}`, ErrorRow>

export interface ErrorRow {
  readonly kind: ErrorKind
  readonly message: string
  readonly hint: string
}

export type ErrorKind = 'config' | 'topology' | 'record' | 'retriable' | 'fenced' | 'fatal' | 'bug'
