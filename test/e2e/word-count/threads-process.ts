import { KafkaStreams } from 'millrace'

// One process of the application with its threads, with its progress sent to the process that started it.
process.env['MILLRACE_TEST_SETTINGS'] = process.argv[2]!
const streams = await KafkaStreams.load(new URL('threads-application.ts', import.meta.url))
const tell = (message: object) => process.connected && process.send?.(message)
streams.on('state', state => void tell({ type: 'state', state }))
streams.on('restoreEnd', ({ task, restored }) => void tell({ type: 'restored', task, restored }))
process.on('SIGUSR2', () => void streams.addThread().then(name => tell({ type: 'added', name })))
process.on('SIGHUP', () => void streams.removeThread().then(name => tell({ type: 'removed', name })))

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
process.off('disconnect', orphaned).disconnect()
