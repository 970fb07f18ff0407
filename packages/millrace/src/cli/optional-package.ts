import { millraceError, reasonOf } from '@millrace/core'

/** Loads a package that not every application installs. @throws MILLRACE_PACKAGE_MISSING */
export async function optionalPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    if ((cause as { readonly code?: unknown } | null)?.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw millraceError('MILLRACE_PACKAGE_MISSING', { package: name, reason: reasonOf(cause) }, { cause })
  }
}
