import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { KafkaStreams } from '../kafka-streams.ts'

const module = (name: string) => new URL(`./modules/${name}.fixture.ts`, import.meta.url)

it.each([
  ['another topology than the main thread', 'other-topology', 'MILLRACE_THREAD_TOPOLOGY', 'than in the main thread'],
  ['a process.exit()', 'exits', 'MILLRACE_THREAD_EXITED', 'exit code 7'],
  ['a client that lives in the memory of one thread', 'memory', 'MILLRACE_CLIENT_UNSUPPORTED', 'threads above 1'],
])('does not start a thread with %s', async (_what, name, code, text) => {
  const streams = await KafkaStreams.load(module(name))
  await expect(streams.start()).rejects.toMatchObject({ code, problem: expect.stringContaining(text) as unknown })
  expect(streams.state).toBe('ERROR')
})

it('keeps the message of an error that user code throws in a thread', async () => {
  const streams = await KafkaStreams.load(module('no-client'))
  await expect(streams.start()).rejects.toThrow('this client connects to nothing')
})

it.each([
  ['exports-nothing', 'MILLRACE_APPLICATION_MODULE', 'exports no application'],
  ['throws', 'MILLRACE_APPLICATION_MODULE', 'cannot be imported: DATABASE_URL is not set'],
  ['missing', 'MILLRACE_APPLICATION_MODULE', 'cannot be imported'],
])('refuses the module %s', async (name, code, text) => {
  await expect(KafkaStreams.load(module(name))).rejects.toMatchObject({
    code,
    problem: expect.stringContaining(text) as unknown,
  })
})

it.each([0, 1.5, -1])('refuses %d threads', async threads => {
  const loading = KafkaStreams.load(module('no-client'), { threads })
  await expect(loading).rejects.toMatchObject({ code: 'MILLRACE_CONFIG_INVALID' })
})

it('refuses a module that starts an application when it is imported', async () => {
  const program = `
    import { KafkaStreams } from ${JSON.stringify(new URL('../../index.ts', import.meta.url).href)}
    await KafkaStreams.load(${JSON.stringify(module('starts').href)}).catch(error => console.log(error.code))
  `
  const args = ['--conditions=millrace-source', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  await once(child, 'exit')
  expect(printed.trim()).toBe('MILLRACE_APPLICATION_STARTED')
})
