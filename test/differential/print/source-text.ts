import type { StoreSpec } from '../spec.ts'

/** A string literal of TypeScript. */
export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** `{ key: …, name: … }` of what is there, as a further argument. */
export function optionsArgument(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return given.length === 0 ? '' : `, { ${given.map(([name, value]) => `${name}: ${value}`).join(', ')} }`
}

/** The `store` option, and beside it the serdes of what is kept. */
export function storeOptions(
  store: StoreSpec | undefined,
  serdes: { readonly key: string; readonly value: string },
): Readonly<Record<string, string>> {
  if (store === undefined) return {}
  const settings = Object.entries(store).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? quoted(value) : String(value)}`,
  )
  return { key: serdes.key, value: serdes.value, store: settings.length === 0 ? '{}' : `{ ${settings.join(', ')} }` }
}
