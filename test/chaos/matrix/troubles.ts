import { setTimeout } from 'node:timers/promises'
import type { DevKafka } from '@millrace/dev-kafka'
import type { KafkaProxy } from '@millrace/testing/kafka-proxy'
import { eventually } from '../../topic-io.ts'
import type { History } from '../history.ts'
import type { LeaderRotation } from '../leader-rotation.ts'
import { networkTrouble } from '../network.ts'
import { type MatrixApplication, SESSION_MS } from './application.ts'
import type { Setting, TroubleName } from './cells.ts'
import type { OutputWatch } from './output-watch.ts'
import type { SmallDisk } from './small-disk.ts'

export interface Scene {
  readonly kafka: DevKafka
  readonly proxy: KafkaProxy
  readonly leaders: LeaderRotation
  readonly disk: SmallDisk
  readonly watch: OutputWatch
  readonly applications: readonly MatrixApplication[]
  readonly setting: Setting
  readonly history: History
  readonly between: (least: number, most: number) => number
}

/** How long outputs may be away after a trouble. */
const RECOVERY_MS = 60_000
const AWAY_MS = 4_000
const DISK_FULL_MS = 8_000
const JUMP_MS = 3_600_000
const JUMPED_MS = 5_000
const NETWORK_TROUBLES = 4

/** What each trouble does to all applications at once. It resolves when nothing is disturbed any more. */
export const DO: Readonly<Record<TroubleName, (scene: Scene) => Promise<void>>> = {
  async 'rolling-restart'({ applications }) {
    await inTurn(applications, async (application, slot) => {
      await application.slots.stop(slot)
      await application.start(slot)
    })
  },
  async 'rolling-kill'({ applications, watch }) {
    await inTurn(applications, async (application, slot) => {
      await application.slots.kill(slot)
      await application.start(slot)
    })
    await recovered(watch)
  },
  async 'hand-over'({ applications, watch }) {
    const stopped = await oneOfEach(applications, (application, slot) => application.slots.stop(slot))
    await recovered(watch)
    await Promise.all(stopped.map(({ application, slot }) => application.start(slot)))
  },
  async 'take-over'({ applications, watch }) {
    const killed = await oneOfEach(applications, (application, slot) => application.slots.kill(slot))
    await recovered(watch)
    await Promise.all(killed.map(({ application, slot }) => application.start(slot)))
  },
  async freeze({ applications }) {
    await oneOfEach(applications, (application, slot) => application.slots.freeze(slot, SESSION_MS + 3_000))
  },
  async 'broker-kill'({ kafka, between, history }) {
    await awayFor(kafka, anyBroker(kafka, between), 'killBroker', history)
  },
  async 'broker-restart'({ kafka, between, history }) {
    await awayFor(kafka, anyBroker(kafka, between), 'stopBroker', history)
  },
  async 'controller-restart'({ kafka, history }) {
    await awayFor(kafka, activeController(kafka), 'stopBroker', history)
  },
  async 'leader-moves'({ leaders, history }) {
    history.say(`${await leaders.rotate()} partitions have another leader`)
  },
  async network({ proxy, setting, between, history }) {
    const { protocol } = setting
    await Promise.all(Array.from({ length: NETWORK_TROUBLES }, () => networkTrouble(proxy, protocol, between, history)))
    proxy.heal()
  },
  async 'disk-full'({ disk, applications, history }) {
    history.say('the disk of the state is full')
    await disk.fill()
    await setTimeout(DISK_FULL_MS)
    await disk.free()
    history.say('the disk has room again')
    await Promise.all(applications.flatMap(one => one.slots.names.map(slot => one.start(slot))))
  },
  async 'clock-jump'({ applications, history }) {
    history.say('the clock of the first process of each application jumps ahead by an hour, of the others back')
    const jump = (jumpMs: (index: number) => number) => {
      for (const { group } of applications) {
        for (const [index, worker] of group.workers.filter(({ running }) => running).entries())
          worker.tell({ jumpMs: jumpMs(index) })
      }
    }
    jump(index => (index === 0 ? JUMP_MS : -JUMP_MS))
    await setTimeout(JUMPED_MS)
    jump(() => 0)
  },
}

/** Waits until every partition of every output has got something from now on. */
export async function recovered(watch: OutputWatch): Promise<void> {
  const since = Date.now()
  const again = () => Promise.resolve(watch.allSince(since))
  await eventually('output in all partitions', RECOVERY_MS, again, yes => yes)
}

/** One place after the other, in all applications at the same time. */
async function inTurn(
  applications: readonly MatrixApplication[],
  one: (application: MatrixApplication, slot: string) => Promise<void>,
): Promise<void> {
  await Promise.all(
    applications.map(async application => {
      for (const slot of application.slots.names) await one(application, slot)
    }),
  )
}

async function oneOfEach(
  applications: readonly MatrixApplication[],
  one: (application: MatrixApplication, slot: string) => Promise<void>,
): Promise<readonly { readonly application: MatrixApplication; readonly slot: string }[]> {
  const chosen = applications.map(application => ({ application, slot: application.slots.names[0]! }))
  await Promise.all(chosen.map(({ application, slot }) => one(application, slot)))
  return chosen
}

async function awayFor(kafka: DevKafka, id: number, how: 'killBroker' | 'stopBroker', history: History): Promise<void> {
  history.say(`${how === 'killBroker' ? 'kill -9' : 'stop'} broker ${id}`)
  await kafka[how](id)
  await setTimeout(AWAY_MS)
  await kafka.startBroker(id)
  history.say(`broker ${id} is back`)
}

function anyBroker({ brokerIds }: DevKafka, between: Scene['between']): number {
  return brokerIds[between(0, brokerIds.length - 1)]!
}

/** The broker that has last said that it is. @throws when none has */
export function activeController(kafka: Pick<DevKafka, 'logs' | 'brokerIds'>): number {
  const claims = [
    ...kafka.logs().matchAll(/QuorumController id=(\d+)\] Becoming the active controller at epoch (\d+)/g),
  ]
  const [latest] = claims.toSorted((a, b) => Number(b[2]) - Number(a[2]))
  const id = Number(latest?.[1])
  if (!kafka.brokerIds.includes(id)) throw new Error('no broker says in its log that it is the active controller')
  return id
}
