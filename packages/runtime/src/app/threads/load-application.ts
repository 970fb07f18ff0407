import { AsyncLocalStorage } from 'node:async_hooks'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMillraceError, millraceError, reasonOf } from '@millrace/core'
import { type Application, isApplication } from '../define-application.ts'

const importing = new AsyncLocalStorage<string>()

/** The URL of a module that is given as a URL, its text, or a path. */
export function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href
  return /^(file|data|node):/.test(module) ? module : pathToFileURL(resolve(module)).href
}

/**
 * Imports the application that a module exports.
 * @throws MILLRACE_APPLICATION_MODULE where it cannot be imported, or exports none or several; MILLRACE_APPLICATION_STARTED
 */
export async function loadApplication(url: string): Promise<Application> {
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await importing.run(
      url,
      async () => (await import(/* webpackIgnore: true */ /* @vite-ignore */ url)) as Readonly<Record<string, unknown>>,
    )
  } catch (error) {
    if (isMillraceError(error)) throw error
    const problem = `cannot be imported: ${reasonOf(error)}`
    throw millraceError('MILLRACE_APPLICATION_MODULE', { module: url, problem }, { cause: error })
  }
  const found = [...new Set(Object.values(exported).filter(isApplication))]
  const application = isApplication(exported['default']) ? exported['default'] : found[0]
  if (application === undefined)
    throw millraceError('MILLRACE_APPLICATION_MODULE', { module: url, problem: 'exports no application' })
  if (application !== exported['default'] && found.length > 1) {
    const problem = `exports ${found.length} applications, none of them as default`
    throw millraceError('MILLRACE_APPLICATION_MODULE', { module: url, problem })
  }
  return application
}

/** @throws MILLRACE_APPLICATION_STARTED where a module that is being imported as an application starts one itself */
export function checkNotImporting(): void {
  const module = importing.getStore()
  if (module !== undefined) throw millraceError('MILLRACE_APPLICATION_STARTED', { module })
}
