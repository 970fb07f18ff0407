import { KafkaStreams } from 'millrace'

// One process of the application with its threads, with its progress sent to the process that started it.
process.env['MILLRACE_TEST_SETTINGS'] = process.argv[2]!
const streams = await KafkaStreams.load(new URL('threads-application.ts', import.meta.url))
const tell = (message: object) => process.connected && process.send?.(message)
streams.on('state', state => void tell({ type: 'state', state }))
streams.on('restoreEnd', ({ task, restored }) => void tell({ type: 'restored', task, restored }))
process.on('SIGUSR2', () => void streams.addThread().then(name => tell({ type: 'added', name })))
process.on('SIGHUP', () => void streams.removeThread().then(name => tell({ type: 'removed', name })))

// What a reader has that follows the counts from the first moment on, through crashes of threads.
const live = new Map<string, bigint>()
async function follow(): Promise<void> {
  for await (const event of streams.watch<string, bigint>({ store: 'counts' })) {
    if (event.type === 'waiting') continue
    for (const { key, value } of event.entries) live.set(key, value!)
    tell({ type: 'live', words: live.size, sum: Number([...live.values()].reduce((sum, count) => sum + count, 0n)) })
  }
}
let following: Promise<void> | undefined
streams.on('state', state => {
  if (state === 'RUNNING') following ??= follow()
})

// Tasks move between threads without a change of the state.
let shares = ''
setInterval(() => {
  const tasks = streams.metadataForLocalThreads().map(({ active }) => active.length)
  if (tasks.join() === shares) return
  shares = tasks.join()
  tell({ type: 'threads', tasks })
}, 100).unref()

// Nobody is left to end this process when its parent is gone.
const orphaned = () => process.exit(3)
process.on('disconnect', orphaned)
await streams.run()
await following
process.off('disconnect', orphaned).disconnect()
