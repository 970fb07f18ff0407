import { COMPATIBILITY_LEVELS, type CompatibilityLevel, type Config, type Mode, MODES } from '../registry/entities.ts'
import { RegistryError, subjectNotFound, versionNotFound } from '../registry/registry-error.ts'
import type { Registry } from '../registry/registry.ts'
import { normalSubject } from '../registry/subject.ts'
import { type Answer, flag, type RegistryRequest } from './answer.ts'
import { schemaRequest } from './schema-json.ts'
import { versionOf } from './subject-routes.ts'

/** `/config/…` */
export async function configRoutes(
  registry: Registry,
  { path, query, method, body }: RegistryRequest,
): Promise<Answer | undefined> {
  const scope = scopeOf(path[1])
  if (path.length > 2) return undefined
  const own = registry.state.config(scope)
  const inherited = registry.state.configInScope(scope)
  switch (method) {
    case 'GET':
      if (scope === null || flag(query, 'defaultToGlobal')) return { json: inherited }
      if (own !== undefined) return { json: own }
      throw new RegistryError(40408, `Subject '${scope}' does not have subject-level compatibility configured`)
    case 'PUT': {
      const config = { ...own, ...configOf(body) }
      await registry.setConfig(scope, config)
      const { compatibilityLevel, ...others } = config
      return { json: { ...(compatibilityLevel !== undefined && { compatibility: compatibilityLevel }), ...others } }
    }
    case 'DELETE':
      if (own === undefined && scope !== null) throw subjectNotFound(scope)
      await registry.setConfig(scope, null)
      return { json: own ?? inherited }
    default:
      return undefined
  }
}

/** `/mode/…` */
export async function modeRoutes(
  registry: Registry,
  { path, query, method, body }: RegistryRequest,
): Promise<Answer | undefined> {
  const scope = scopeOf(path[1])
  if (path.length > 2) return undefined
  const own = registry.state.mode(scope)
  switch (method) {
    case 'GET':
      if (scope === null || flag(query, 'defaultToGlobal')) return { json: { mode: registry.state.modeInScope(scope) } }
      if (own !== undefined) return { json: { mode: own } }
      throw new RegistryError(40409, `Subject '${scope}' does not have subject-level mode configured`)
    case 'PUT': {
      const mode = String((body as { readonly mode?: unknown } | undefined)?.mode).toUpperCase()
      if (!(MODES as readonly string[]).includes(mode)) {
        throw new RegistryError(42204, `Invalid mode. Valid values are ${MODES.join(', ')}`)
      }
      await registry.setMode(scope, mode as Mode, flag(query, 'force'))
      return { json: { mode } }
    }
    case 'DELETE':
      if (own === undefined) throw subjectNotFound(scope ?? '')
      await registry.setMode(scope, null, false)
      return { json: { mode: own } }
    default:
      return undefined
  }
}

/** `/compatibility/subjects/{subject}/versions/{version}` */
export function compatibilityRoutes(
  registry: Registry,
  { path, query, method, body }: RegistryRequest,
): Answer | undefined {
  const [, subjects, given, versions, version, more] = path
  if (
    method !== 'POST' ||
    subjects !== 'subjects' ||
    given === undefined ||
    versions !== 'versions' ||
    more !== undefined
  ) {
    return undefined
  }
  const subject = normalSubject(given)
  const live = registry.state.versions(subject).filter(entry => !entry.deleted)
  const against =
    version === undefined ? live : live.length === 0 ? none(version) : [versionOf(registry, subject, version, false)]
  const verbose = flag(query, 'verbose')
  let messages: readonly string[]
  try {
    messages = registry.violations(subject, schemaRequest(body), against, flag(query, 'normalize'))
  } catch (error) {
    if (!verbose || !(error instanceof RegistryError) || error.errorCode !== 42201) throw error
    messages = [error.message]
  }
  return { json: { is_compatible: messages.length === 0, ...(verbose && { messages }) } }
}

/** Nothing precedes the first schema: with `latest` it is compatible, and another version does not exist. */
function none(version: string): never[] {
  if (version === 'latest' || version === '-1') return []
  throw versionNotFound(Number(version))
}

function scopeOf(subject: string | undefined): string | null {
  return subject === undefined || subject === ':.:' ? null : normalSubject(subject)
}

function configOf(body: unknown): Config {
  if (typeof body !== 'object' || body === null) throw new RegistryError(422, 'The request has no body')
  const { compatibility, compatibilityLevel, normalize, alias, compatibilityGroup, ...rest } = body as Readonly<
    Record<string, unknown>
  >
  const unknown = Object.entries(rest).find(([, value]) => value !== undefined && value !== null)
  if (unknown !== undefined)
    throw new RegistryError(422, `The setting "${unknown[0]}" is not supported by this registry`)
  const level = compatibilityLevel ?? compatibility
  if (level !== undefined && level !== null && !isLevel(level)) {
    const known = COMPATIBILITY_LEVELS.map(name => name.toLowerCase()).join(', ')
    throw new RegistryError(42203, `Invalid compatibility level. Valid values are ${known}`)
  }
  return {
    ...(typeof level === 'string' && { compatibilityLevel: level.toUpperCase() as CompatibilityLevel }),
    ...(typeof normalize === 'boolean' && { normalize }),
    ...(typeof alias === 'string' && { alias }),
    ...(typeof compatibilityGroup === 'string' && { compatibilityGroup }),
  }
}

function isLevel(level: unknown): boolean {
  return typeof level === 'string' && (COMPATIBILITY_LEVELS as readonly string[]).includes(level.toUpperCase())
}
