export interface Snippet {
  /** 1-based line of its first line in the page. */
  readonly line: number
  readonly code: string
}

/** The `ts` blocks of a Markdown page that are whole programs: those with an import. The others show a part of one. */
export function extractSnippets(markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(match => ({ line: markdown.slice(0, match.index).split('\n').length + 1, code: match[1]! }))
    .filter(snippet => /^import /m.test(snippet.code))
}
