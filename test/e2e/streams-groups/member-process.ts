/** A member of a streams group: the shop in Millrace, in a process of its own, until SIGTERM. */
import type { ApplicationOptions } from '../java-takeover/application.ts'
import { startMillrace } from '../java-takeover/millrace-application.ts'

export interface MemberSettings extends ApplicationOptions {
  readonly stateDir: string
}

const { stateDir, ...options } = JSON.parse(process.argv[2]!) as MemberSettings
const member = await startMillrace(options, { groupProtocol: 'streams', stateDir })
// An application that has ended ends the process.
const watch = setInterval(() => member.check(), 200)
process.once('SIGTERM', () => {
  clearInterval(watch)
  void member.close().then(() => process.disconnect())
})
process.send!({ type: 'running' })
