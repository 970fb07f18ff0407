/** A `.properties` file, in which a backslash (as in a path on Windows) begins an escape. */
export function propertiesText(config: Readonly<Record<string, string>>): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
}
