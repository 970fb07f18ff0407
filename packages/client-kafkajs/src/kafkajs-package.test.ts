import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const client = new URL('index.ts', import.meta.url).href

/** A process in which the package kafkajs is not installed. */
function withoutKafkajs(program: string): string {
  const hook = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(specifier, context, next) {
      if (/^kafkajs($|\\/)/.test(specifier)) throw Object.assign(new Error("Cannot find package 'kafkajs'"), { code: 'MODULE_NOT_FOUND' })
      return next(specifier, context)
    } })
    const { kafkajs } = await import(${JSON.stringify(client)})
    ${program}`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=millrace-source', '--input-type=module', '--eval', hook],
    { encoding: 'utf8' },
  )
  return stdout + stderr
}

it('says what to install where kafkajs is not installed, when it is used and not when it is imported', () => {
  expect(withoutKafkajs(`console.log(typeof kafkajs)`)).toBe('function\n')
  const said = withoutKafkajs(`
    try { kafkajs({ brokers: 'localhost:9092' }) } catch (error) { console.log(error.message) }`)
  expect(said).toContain('MILLRACE_CLIENT_PACKAGE_MISSING: The package kafkajs cannot be loaded: Cannot find package')
  expect(said).toContain('npm install kafkajs')
})
