import { parentPort, workerData } from 'node:worker_threads'
import { loadApplication } from './load-application.ts'
import type { ThreadStart, ToThread } from './messages.ts'
import { runThread } from './run-thread.ts'

const port = parentPort!
const start = workerData as ThreadStart
await runThread({
  start,
  post: message => port.postMessage(message),
  onMessage: listen => void port.on('message', (message: ToThread) => listen(message)),
  load: () => loadApplication(start.module),
  ownMemory: true,
})
port.close()
