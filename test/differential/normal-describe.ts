/**
 * What `describe()` prints, as far as it is compared: Java prints the lists within a line in the order of its hash tables, so
 * they are sorted here. Everything else stands as it is, line for line.
 */
export function normalDescribe(described: string): string {
  return described
    .split('\n')
    .map(line =>
      line
        // How a function is called is the language's affair.
        .replace(/\(extractor class: .*\)$/, '(extractor class: function)')
        .replace(/(-->|<--) (.*)$/, (_whole, arrow: string, names: string) => `${arrow} ${sorted(names)}`)
        .replace(
          /\((stores|topics): \[(.*)\]\)/,
          (_whole, what: string, names: string) => `(${what}: [${sorted(names)}])`,
        ),
    )
    .join('\n')
}

function sorted(names: string): string {
  return names.split(', ').sort().join(', ')
}
