import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { checkPorts, freePorts } from './free-ports.ts'
import { startKafka } from './start-kafka.ts'

it('gives ports that differ and that can be bound', async () => {
  const ports = await freePorts(6)
  expect(new Set(ports).size).toBe(6)
  for (const port of ports) {
    const server = createServer()
    await new Promise<void>((bound, failed) => server.once('error', failed).listen(port, '127.0.0.1', bound))
    await new Promise(closed => server.close(closed))
  }
})

it('names a port that is in use, before anything is started', async () => {
  const server = createServer()
  await new Promise<void>(bound => server.listen(0, '127.0.0.1', bound))
  const { port } = server.address() as AddressInfo
  const refused = { code: 'DEV_KAFKA_PORT_IN_USE', message: expect.stringContaining(`Port ${port}`) as string }
  try {
    await expect(checkPorts([port])).rejects.toMatchObject(refused)
    await expect(startKafka({ from: 'jvm', port })).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining('another port') as string,
    })
  } finally {
    await new Promise(closed => server.close(closed))
  }
  await expect(checkPorts([port])).resolves.toBeUndefined()
})
