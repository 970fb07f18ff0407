import { failure, kafkajs } from '#kafkajs'
import { millraceError, reasonOf } from '@millrace/core'

/**
 * kafkajs itself. It is loaded with this module, and asked for where it is used: an import that fails cannot say what to do.
 * @throws MILLRACE_CLIENT_PACKAGE_MISSING
 */
export function kafkajsPackage(): NonNullable<typeof kafkajs> {
  if (kafkajs !== undefined) return kafkajs
  const reason = reasonOf(failure).split('\n', 1)[0]!
  throw millraceError('MILLRACE_CLIENT_PACKAGE_MISSING', { package: 'kafkajs', reason }, { cause: failure })
}
