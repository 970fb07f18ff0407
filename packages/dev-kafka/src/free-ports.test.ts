import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePorts } from './free-ports.ts'

it('gives ports that differ and that can be bound', async () => {
  const ports = await freePorts(6)
  expect(new Set(ports).size).toBe(6)
  for (const port of ports) {
    const server = createServer()
    await new Promise<void>((bound, failed) => server.once('error', failed).listen(port, '127.0.0.1', bound))
    await new Promise(closed => server.close(closed))
  }
})
